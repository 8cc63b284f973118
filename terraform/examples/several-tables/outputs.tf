output "tables" {
  description = "For each table, by its key, the names of all that is its own."
  value       = module.dynalake.tables
}

output "bucket" {
  description = "Name of the bucket of all tables."
  value       = module.dynalake.bucket
}

output "locations" {
  description = "The Parquet objects of each table as a URL."
  value       = { for key, table in module.dynalake.tables : key => table.location }
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
