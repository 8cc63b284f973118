-- The files that Firehose wrote, as Auto Loader knows them, by day: how many, how large, and how many
-- it has found but not yet committed. Replace main.dynalake.orders with your table.
--
-- Small files cost requests on S3 and time in each reader. If the average is far below a megabyte
-- every day, set a longer buffering_interval_seconds in Terraform, as long as you can live with
-- (docs/latency-and-cost.md#latency). partition_granularity = "day" merges nothing, but makes fewer
-- folders to list. The tables themselves are compacted: see maintenance.sql.
--
-- Only the table's owner may query this. "not_seen" needs a runtime that fills commit_time
-- (Databricks says 18.2 or later; some copies of the documentation call it a private preview).
-- Before that it equals "files".

SELECT
  date(create_time) AS day,
  count(*) AS files,
  round(avg(size) / 1024) AS average_kb,
  round(sum(size) / 1024 / 1024) AS total_mb,
  count_if(commit_time IS NULL) AS not_seen
FROM cloud_files_state(TABLE(main.dynalake.orders_changes))
WHERE create_time > current_timestamp() - INTERVAL 30 DAYS
GROUP BY ALL
ORDER BY day DESC;
