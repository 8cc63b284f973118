-- Rows that can't be merged: without a key, _sequence or _event_type. One of them would stop the table. The function lets none
-- through (it marks such records ProcessingFailed), so this should be empty. Write your own in place of main.dynalake.orders.
--
-- Not empty: something else writes under the prefix, or a key's column has another type in old files than it has now, and Auto
-- Loader put the value into _rescued_data. Find the writer, or see README, "Databricks", "another type". The rows are in
-- orders_changes too; here they stay until a full refresh of this table.

SELECT
  date(_event_time) AS day,
  _event_type,
  count(*) AS rows_that_cannot_be_merged,
  count_if(_rescued_data IS NOT NULL) AS with_a_value_rescued_by_auto_loader,
  max(_event_time) AS last_seen
FROM main.dynalake.orders_quarantine
GROUP BY ALL
ORDER BY day DESC;
