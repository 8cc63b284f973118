-- What the pipeline reported in the last day, worst first, from its event log, which it publishes
-- as a table. Its owner may query it, and anyone to whom you grant SELECT on it. Replace
-- main.dynalake with your catalog and schema.
--
-- A new column in the schema stops a flow once (UNKNOWN_FIELD_EXCEPTION.NEW_FIELDS_IN_FILE), and
-- Databricks starts it again by itself, with the cause SCHEMA_CHANGE: one such line is normal. The
-- same error again and again is not. Fix what it names, and the pipeline continues where it
-- stopped.

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
