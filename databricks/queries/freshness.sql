-- How far behind the tables are: one row a table, with the seconds between its newest change and now, in the log and in the items.
--
-- Write your own in place of main.dynalake.orders, and a further SELECT for each further table. Where the DynamoDB table is
-- written to all the time, a minute is normal for a continuous pipeline, and the time since its last run for a triggered one.
-- Where it isn't, this is the time since the last write: look at changes_in_the_last_hour too.
--
-- seconds_behind is much more than that: does the pipeline run (databricks pipelines list-updates PIPELINE_ID), and what does
-- errors.sql say? It runs without an error, and "not_seen" in files.sql grows: it has more files than it gets through. No new
-- files in files.sql either: the alarms tell what is between (README, runbook, "queue-age" and "notifications-stopped", then
-- from "firehose-freshness" on).
-- items_behind_the_log, in seconds, is much more than a minute: the log goes on, and the merge into the items doesn't;
-- errors.sql names the flow. But an item that was deleted leaves its changes in the log and no row: where the newest items are
-- deleted soon, it is no fault.
-- As an alert: the targets prod and hourly have one on all tables (docs/databricks-scheduled.md).

SELECT
  'orders' AS table_name,
  max(_event_time) AS newest_change,
  timestampdiff(SECOND, max(_event_time), current_timestamp()) AS seconds_behind,
  (SELECT max(_event_time) FROM main.dynalake.orders) AS newest_item,
  timestampdiff(
    SECOND,
    (SELECT max(_event_time) FROM main.dynalake.orders),
    max(CASE WHEN _event_type <> 'REMOVE' THEN _event_time END)
  ) AS items_behind_the_log,
  count_if(_event_time > current_timestamp() - INTERVAL 1 HOUR) AS changes_in_the_last_hour
FROM main.dynalake.orders_changes
-- Late events come too, but not by weeks; so the whole log needn't be read.
WHERE _event_time > current_timestamp() - INTERVAL 30 DAYS;
