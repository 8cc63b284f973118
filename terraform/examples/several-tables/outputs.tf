output "stream_name" {
  description = "Name of the Kinesis data stream."
  value       = module.stream.name
}

output "locations" {
  description = "The Parquet objects of each table as a URL."
  value       = { for table, delivery in module.delivery : table => delivery.location }
}

output "queue_url" {
  description = "URL of the SQS queue with the notifications of all tables."
  value       = module.notifications.queue_url
}

output "glue_tables" {
  description = "The Glue table of each DynamoDB table."
  value       = { for table, delivery in module.delivery : table => "${delivery.database}.${delivery.table}" }
}

output "databricks_bundle_variables" {
  description = "Variables of the bundle in the folder databricks. Write them as JSON to databricks/.databricks/bundle/<target>/variable-overrides.json."
  value       = module.databricks_access.bundle_variables
}

output "databricks_tables" {
  description = "Tables of the bundle's pipeline, with their schema files' content. Write them as JSON to databricks/src/tables/<target>.json; the bundle syncs that file."
  value       = module.databricks_access.bundle_tables
}

output "databricks_next_steps" {
  description = "The commands to run next, up to the tables in Databricks."
  value       = module.databricks_access.next_steps
}
