-- What the pipeline said in the last day, worst first: its own event log. By default only its owner may ask. Write your own in
-- place of main.dynalake.orders: any of the pipeline's tables will do.
--
-- A schema that got a column stops a flow once, and Databricks starts it again (in dev, run it again; neither was seen): one such
-- line is no fault. The same error again and again is: mend it, and the pipeline goes on where it stopped.

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
