-- Rows that can't be merged because they have no key, _sequence or _event_type. One of them would stop
-- the table. The function lets none through (it marks such records ProcessingFailed), so this should
-- be empty. Replace main.dynalake.orders with your table.
--
-- If it isn't empty: something else writes under the prefix, or a key column has another type in some
-- files, and Auto Loader put the value into _rescued_data. Find the writer, or see
-- docs/databricks.md#another-type. The rows are in orders_changes too; here they stay until a full
-- refresh of this table.

SELECT
  date(_event_time) AS day,
  _event_type,
  count(*) AS rows_that_cannot_be_merged,
  count_if(_rescued_data IS NOT NULL) AS with_a_value_rescued_by_auto_loader,
  max(_event_time) AS last_seen
FROM main.dynalake.orders_quarantine
GROUP BY ALL
ORDER BY day DESC;
