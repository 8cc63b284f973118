output "table_name" {
  description = "Name of the DynamoDB table."
  value       = local.table_name
}

output "stream_name" {
  description = "Name of the Kinesis data stream."
  value       = module.stream.name
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream."
  value       = module.stream.arn
}

output "function_name" {
  description = "Name of the function."
  value       = module.transform.function_name
}

output "function_version" {
  description = "Published version of the function that Firehose invokes."
  value       = module.transform.version
}

output "delivery_stream_name" {
  description = "Name of the Firehose delivery stream."
  value       = module.delivery.delivery_stream_name
}

output "bucket" {
  description = "Name of the bucket."
  value       = module.delivery.bucket.name
}

output "location" {
  description = "The Parquet objects as a URL: s3://bucket/prefix."
  value       = module.delivery.location
}

output "data_prefix" {
  description = "Prefix of the Parquet objects."
  value       = module.delivery.data_prefix
}

output "error_prefix" {
  description = "Prefix of what could not be delivered; the kinds of error are below it."
  value       = module.delivery.error_prefix
}

output "glue_database" {
  description = "Name of the Glue database."
  value       = module.delivery.database
}

output "glue_table" {
  description = "Name of the Glue table."
  value       = module.delivery.table
}

output "key_columns" {
  description = "Columns that hold the DynamoDB table's key."
  value       = module.delivery.key_columns
}

output "topic_arn" {
  description = "ARN of the SNS topic that gets a notification of each object, for more consumers."
  value       = module.notifications.topic_arn
}

output "queue_url" {
  description = "URL of the SQS queue with the notifications: the external location's provided queue, or Auto Loader's cloudFiles.queueUrl."
  value       = module.notifications.queue_url
}

output "dead_letter_queue_url" {
  description = "URL of the queue of notifications that were received too often."
  value       = module.notifications.dead_letter_queue_url
}

output "databricks_role_arn" {
  description = "ARN of the role for the Unity Catalog storage credential; null without databricks_access."
  value       = one(module.databricks_access[*].role_arn)
}

output "databricks_bundle_variables" {
  description = "Variables of the bundle in the folder databricks. Write them as JSON to databricks/.databricks/bundle/<target>/variable-overrides.json; null without databricks_access."
  value       = one(module.databricks_access[*].bundle_variables)
}

output "databricks_tables" {
  description = "Tables of the bundle's pipeline, with their schema files' content. Write them as JSON to databricks/src/tables/<target>.json; the bundle syncs that file. Null without databricks_access."
  value       = one(module.databricks_access[*].bundle_tables)
}

output "databricks_next_steps" {
  description = "The commands to run next, up to the tables in Databricks; null without databricks_access."
  value       = one(module.databricks_access[*].next_steps)
}

output "alarm_names" {
  description = "Names of the alarms; docs/operations/runbook.md has an entry for each."
  value       = module.monitoring.alarm_names
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.monitoring.dashboard_name
}
