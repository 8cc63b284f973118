-- Before and after a full refresh of the items as they are now (docs/databricks.md#a-full-refresh):
-- is the table the same as it was? A full refresh empties it and merges the change log again from
-- its start; the log itself stays. Replace main.dynalake.orders with your table, and order_id with
-- the key's columns.

-- 1. Before: items whose last change isn't in the log. They would be lost. 0 means that the table can
--    be made again.
SELECT count(*) AS items_that_the_log_does_not_have
FROM main.dynalake.orders AS item
LEFT ANTI JOIN main.dynalake.orders_changes AS logged
  ON item.order_id = logged.order_id AND item._sequence = logged._sequence;

-- 2. Before: keep the current rows.
CREATE OR REPLACE TABLE main.dynalake.orders_before AS SELECT * FROM main.dynalake.orders;

-- 3. The full refresh, on the command line:
--    databricks bundle run dynalake --target prod --restart --full-refresh orders
--    With history: --full-refresh orders,orders_history

-- 4. After: which rows are gone, and which are new. An item that changed meanwhile is in both. One
--    that was deleted meanwhile, or should have been before, is in the first only.
SELECT 'no more' AS what, order_id, _sequence FROM main.dynalake.orders_before
EXCEPT
SELECT 'no more', order_id, _sequence FROM main.dynalake.orders;

SELECT 'new' AS what, order_id, _sequence FROM main.dynalake.orders
EXCEPT
SELECT 'new', order_id, _sequence FROM main.dynalake.orders_before;

-- 5. Done:
DROP TABLE main.dynalake.orders_before;
