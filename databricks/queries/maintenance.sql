-- Whether the tables are compacted, and by what. Replace main.dynalake.orders with your table.
--
-- Whether DESCRIBE DETAIL, OPTIMIZE and VACUUM accept a pipeline's streaming tables was not seen.

-- 1. Files and bytes now. Many files of a few kilobytes mean that nothing compacts.
DESCRIBE DETAIL main.dynalake.orders;

-- 2. Is predictive optimization on? Look for the line "Predictive Optimization".
DESCRIBE SCHEMA EXTENDED main.dynalake;

-- 3. What it did in the last week. The system table is up to a day behind, and has to be enabled once
--    for the account.
SELECT table_name, operation_type, operation_status, count(*) AS operations, sum(usage_quantity) AS dbu, max(end_time) AS last_run
FROM system.storage.predictive_optimization_operations_history
WHERE catalog_name = 'main' AND schema_name = 'dynalake' AND start_time > current_timestamp() - INTERVAL 7 DAYS
GROUP BY ALL
ORDER BY table_name, operation_type;

-- 4. If it is off, turn it on. It then compacts, clusters and removes old files of all tables of the
--    schema.
ALTER SCHEMA main.dynalake ENABLE PREDICTIVE OPTIMIZATION;

-- 5. If you may not, or it isn't available in your region: by hand, or from a job once a day. OPTIMIZE
--    compacts and clusters by the key; VACUUM removes files that no version of the last seven days
--    uses.
OPTIMIZE main.dynalake.orders;
VACUUM main.dynalake.orders;
