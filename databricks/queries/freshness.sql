-- How far behind the tables are: one row per table, with the seconds between its newest change and
-- now, in the log and in the items.
--
-- Replace main.dynalake.orders with your table, and add a SELECT for each further table. If the
-- DynamoDB table is written to all the time, a minute is normal for a continuous pipeline, and the
-- time since its last run for a triggered one. If it isn't, this is the time since the last write:
-- look at changes_in_the_last_hour too.
--
-- If seconds_behind is much more than that:
--   - Does the pipeline run (databricks pipelines list-updates PIPELINE_ID), and what does errors.sql
--     show?
--   - It runs without an error, but "not_seen" in files.sql grows: it gets more files than it can
--     read.
--   - files.sql shows no new files either: see which alarm is on
--     (docs/operations/runbook.md#queue-age, docs/operations/runbook.md#notifications-stopped, then
--     from docs/operations/runbook.md#firehose-freshness on).
-- If items_behind_the_log, in seconds, is much more than a minute: the log is up to date, but the
-- merge into the items isn't; errors.sql names the flow. One case is normal: a deleted item leaves
-- its changes in the log and no row, so tables whose newest items are soon deleted show this.
-- As an alert: the targets prod and hourly have one on all tables (docs/databricks-scheduled.md).
-- This is how you notice that the pipeline has stopped.

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
-- Events may come late, but not by weeks, so the whole log doesn't have to be read.
WHERE _event_time > current_timestamp() - INTERVAL 30 DAYS;
