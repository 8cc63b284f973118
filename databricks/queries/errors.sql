-- What the pipeline said in the last day, worst first: its event log, which it publishes as a table. Its owner may ask, and whom
-- you grant SELECT on it. Write your own in place of main.dynalake.
--
-- A schema that got a column stops a flow once (UNKNOWN_FIELD_EXCEPTION.NEW_FIELDS_IN_FILE), and Databricks starts it again by
-- itself, with the cause SCHEMA_CHANGE: one such line is no fault. The same error again and again is: correct what it names, and the
-- pipeline goes on where it stopped.

SELECT
  timestamp,
  level,
  origin.flow_name,
  message,
  error.exceptions[0].message AS cause
FROM main.dynalake.dynalake_event_log
WHERE level IN ('WARN', 'ERROR') AND timestamp > current_timestamp() - INTERVAL 1 DAY
ORDER BY level, timestamp DESC
LIMIT 100;
