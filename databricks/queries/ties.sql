-- Items that may show an older state: several changes fell into one tick of the stream's clock, and
-- an older one of them came once more, because DynamoDB wrote it twice or it went through the
-- stream again. Only a stream with milliseconds has such ticks (docs/databricks-ordering.md), so
-- this should be 0. Replace main.dynalake.orders with your table, and order_id with the key's
-- columns. It reads the whole log.
--
-- If it isn't 0: write those items once more in DynamoDB (docs/operations/backfill.md). The next
-- change puts each right. The history keeps the order in which the changes came. The view that
-- `dynalake ddl` makes over the log has them right at once.

-- 1. How many.
WITH placed AS (
  SELECT
    order_id,
    coalesce(_event_id, _sequence) AS change,
    _sequence,
    coalesce(
      min(CASE WHEN substr(_sequence, 22) <> lpad('0', 56, '0') THEN _sequence END)
        OVER (PARTITION BY order_id, coalesce(_event_id, _sequence)),
      _sequence
    ) AS first_delivery
  FROM main.dynalake.orders_changes
  WHERE _sequence IS NOT NULL AND _event_type IS NOT NULL
), newest AS (
  SELECT order_id, max_by(change, _sequence) AS merged, max_by(change, first_delivery) AS made
  FROM placed
  GROUP BY order_id
)
SELECT count_if(merged <> made) AS items_with_an_older_state, count(*) AS items FROM newest;

-- 2. Which.
WITH placed AS (
  SELECT
    order_id,
    coalesce(_event_id, _sequence) AS change,
    _sequence,
    coalesce(
      min(CASE WHEN substr(_sequence, 22) <> lpad('0', 56, '0') THEN _sequence END)
        OVER (PARTITION BY order_id, coalesce(_event_id, _sequence)),
      _sequence
    ) AS first_delivery
  FROM main.dynalake.orders_changes
  WHERE _sequence IS NOT NULL AND _event_type IS NOT NULL
)
SELECT order_id
FROM placed
GROUP BY order_id
HAVING max_by(change, _sequence) <> max_by(change, first_delivery);
