-- What the pipeline cost, by day, at list price. Replace the zeros with the pipeline's id:
-- databricks bundle summary --target prod --output json shows it. The system tables are some hours
-- behind, and their schemas have to be enabled once for the account.

SELECT
  spent.usage_date AS day,
  spent.sku_name,
  round(sum(spent.usage_quantity), 2) AS dbu,
  round(sum(spent.usage_quantity * price.pricing.default), 2) AS at_list_price
FROM system.billing.usage AS spent
LEFT JOIN system.billing.list_prices AS price
  ON spent.sku_name = price.sku_name
  AND spent.cloud = price.cloud
  AND spent.usage_start_time >= price.price_start_time
  AND (price.price_end_time IS NULL OR spent.usage_start_time < price.price_end_time)
WHERE spent.usage_metadata.dlt_pipeline_id = '00000000-0000-0000-0000-000000000000'
  AND spent.usage_date > current_date() - INTERVAL 30 DAYS
GROUP BY ALL
ORDER BY day DESC;
