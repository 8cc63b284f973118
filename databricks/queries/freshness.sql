-- How far behind the tables are: one row a table, with the seconds between its newest change and now.
--
-- Write your own in place of main.dynalake.orders, and a further SELECT for each further table. Where the DynamoDB table is
-- written to all the time, a minute is normal for a continuous pipeline, and the time since its last run for a triggered one.
-- Where it isn't, this is the time since the last write: look at both columns.
--
-- Much more than that: errors.sql first. No error, and "not_seen" in files.sql grows: the pipeline doesn't run, or may not
-- read the queue (README, runbook, "queue-age"). Neither: the files are late, see the runbook from "firehose-freshness" on.
-- As an alert: seconds_behind above what you can live with.

SELECT
  'orders' AS table_name,
  max(_event_time) AS newest_change,
  timestampdiff(SECOND, max(_event_time), current_timestamp()) AS seconds_behind,
  count_if(_event_time > current_timestamp() - INTERVAL 1 HOUR) AS changes_in_the_last_hour
FROM main.dynalake.orders_changes
-- Late events come too, but not by weeks; so the whole log needn't be read.
WHERE _event_time > current_timestamp() - INTERVAL 30 DAYS;
