-- What did not fit its column in the last week, and where it is kept. Replace main.dynalake.orders
-- with your table.

-- 1. By the function, before Parquet: which attributes, why, how often. What to do about each reason:
--    docs/operations/runbook.md#rows-rescued. The value itself is in _rescued, complete.
SELECT
  regexp_replace(path, '\\[[0-9]+\\]', '[n]') AS attribute, -- items[0].qty and items[1].qty count as one
  entry.reason,
  count(*) AS times,
  max(_event_time) AS last_seen
FROM main.dynalake.orders_changes
LATERAL VIEW explode(from_json(_rescued, 'map<string, struct<reason: string>>')) rescued AS path, entry
WHERE _event_time > current_timestamp() - INTERVAL 7 DAYS
GROUP BY ALL
ORDER BY times DESC;

-- 2. Current items that have something rescued.
SELECT count(*) AS items, count_if(_rescued IS NOT NULL) AS with_something_rescued
FROM main.dynalake.orders;

-- 3. By Auto Loader, if a file's column has another type than the table's. This should be empty. It
--    isn't after the type of a column was changed in the schema file: then the column is empty in
--    all new rows (docs/type-changes.md).
SELECT
  column_name,
  count(*) AS times,
  max(_event_time) AS last_seen
FROM main.dynalake.orders_changes
LATERAL VIEW explode(map_keys(from_json(_rescued_data, 'map<string, string>'))) rescued AS column_name
WHERE column_name <> '_file_path'
GROUP BY ALL
ORDER BY times DESC;
