-- Before and after a full refresh (README, "Databricks", "full refresh"): is the table the same as it was? A full refresh empties
-- the tables and reads every file again, so it gives back only what the files still hold. Write your own in place of
-- main.dynalake.orders, and the key's columns in place of order_id.

-- 1. Before: does the log reach back to the first change of each item that is in the table? 0 means that the table can be made
--    again from the log. Then see that S3 still has the files: files.sql, without its WHERE.
SELECT count(*) AS items_that_the_log_does_not_have
FROM main.dynalake.orders AS item
LEFT ANTI JOIN main.dynalake.orders_changes AS logged
  ON item.order_id = logged.order_id AND item._sequence = logged._sequence;

-- 2. Before: keep what is there.
CREATE OR REPLACE TABLE main.dynalake.orders_before AS SELECT * FROM main.dynalake.orders;

-- 3. The full refresh, on the command line: databricks bundle run dynalake --target prod --restart --full-refresh-all

-- 4. After: what was lost, and what is new. The second part has the items that changed meanwhile; the first should have none that
--    the second hasn't, but for items that were deleted meanwhile.
SELECT 'lost' AS what, order_id, _sequence FROM main.dynalake.orders_before
EXCEPT
SELECT 'lost', order_id, _sequence FROM main.dynalake.orders;

SELECT 'new' AS what, order_id, _sequence FROM main.dynalake.orders
EXCEPT
SELECT 'new', order_id, _sequence FROM main.dynalake.orders_before;

-- 5. Done:
DROP TABLE main.dynalake.orders_before;
