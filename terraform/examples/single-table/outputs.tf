output "table_name" {
  description = "Name of the DynamoDB table."
  value       = module.dynalake.tables["shop"].table_name
}

output "function_name" {
  description = "Name of the function."
  value       = module.dynalake.tables["shop"].function_name
}

output "lake_tables" {
  description = "For each table of the lake, by its name: location, data_prefix, error_prefix, glue_table, key_columns."
  value       = module.dynalake.tables["shop"].lake_tables
}

output "tables" {
  description = "For each DynamoDB table, by its key, the names of all that is its own; here there is one, shop."
  value       = module.dynalake.tables
}

output "bucket" {
  description = "Name of the bucket."
  value       = module.dynalake.bucket
}

output "glue_database" {
  description = "Name of the Glue database."
  value       = module.dynalake.glue_database
}

output "queue_url" {
  description = "URL of the SQS queue with the notifications of all tables."
  value       = module.dynalake.queue_url
}

output "dead_letter_queue_url" {
  description = "URL of the queue of notifications that were received too often."
  value       = module.dynalake.dead_letter_queue_url
}

output "databricks_bundle_variables" {
  description = "Variables of the bundle in the folder databricks, with all tables. Write them as JSON to databricks/.databricks/bundle/<target>/variable-overrides.json."
  value       = module.dynalake.databricks_bundle_variables
}

output "databricks_tables" {
  description = "Tables of the bundle's pipeline, with their schema files' content. Write them as JSON to databricks/src/tables/<target>.json; the bundle syncs that file."
  value       = module.dynalake.databricks_tables
}

output "databricks_next_steps" {
  description = "The commands to run next, up to the tables in Databricks."
  value       = module.dynalake.databricks_next_steps
}
