-- What the pipeline reported in the last day, worst first, from its own event log. By default only
-- its owner may query it. Replace main.dynalake.orders with one of your pipeline's tables; any of
-- them will do.
--
-- A new column in the schema stops a flow once, and Databricks starts it again (in dev, run it
-- again; neither was seen): one such line is normal. The same error again and again is not. Fix it,
-- and the pipeline continues where it stopped.

SELECT
  timestamp,
  level,
  origin.flow_name,
  message,
  error.exceptions[0].message AS cause
FROM event_log(TABLE(main.dynalake.orders))
WHERE level IN ('WARN', 'ERROR') AND timestamp > current_timestamp() - INTERVAL 1 DAY
ORDER BY level, timestamp DESC
LIMIT 100;
