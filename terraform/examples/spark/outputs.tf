output "table_name" {
  description = "Name of the DynamoDB table."
  value       = module.dynalake.table_name
}

output "stream_name" {
  description = "Name of the Kinesis data stream."
  value       = module.dynalake.stream_name
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream."
  value       = module.dynalake.stream_arn
}

output "job_name" {
  description = "Name of the Glue job, and of the trigger that starts it."
  value       = module.dynalake.job_name
}

output "checkpoint_location" {
  description = "Where the job keeps how far it has read, as a URL."
  value       = module.dynalake.checkpoint_location
}

output "failed_runs_queue_url" {
  description = "URL of the queue that holds Glue's event of each run that failed."
  value       = module.dynalake.failed_runs_queue_url
}

output "bucket" {
  description = "Name of the bucket."
  value       = module.dynalake.bucket
}

output "location" {
  description = "The Parquet objects as a URL: s3://bucket/prefix."
  value       = module.dynalake.location
}

output "data_prefix" {
  description = "Prefix of the Parquet objects."
  value       = module.dynalake.data_prefix
}

output "error_prefix" {
  description = "Prefix of what could not be delivered; the kinds of error are below it."
  value       = module.dynalake.error_prefix
}

output "glue_database" {
  description = "Name of the Glue database."
  value       = module.dynalake.glue_database
}

output "glue_table" {
  description = "Name of the Glue table."
  value       = module.dynalake.glue_table
}

output "key_columns" {
  description = "Columns that hold the DynamoDB table's key."
  value       = module.dynalake.key_columns
}

output "topic_arn" {
  description = "ARN of the SNS topic that gets a notification of each object, for more consumers."
  value       = module.dynalake.topic_arn
}

output "error_topic_arn" {
  description = "ARN of the SNS topic that gets the event of each object in the error prefix, for more subscribers."
  value       = module.dynalake.error_topic_arn
}

output "queue_url" {
  description = "URL of the SQS queue with the notifications: the external location's provided queue, or Auto Loader's cloudFiles.queueUrl."
  value       = module.dynalake.queue_url
}

output "dead_letter_queue_url" {
  description = "URL of the queue of notifications that were received too often."
  value       = module.dynalake.dead_letter_queue_url
}

output "databricks_role_arn" {
  description = "ARN of the role for the Unity Catalog storage credential; null with databricks = { access = false }."
  value       = module.dynalake.databricks_role_arn
}

output "databricks_bundle_variables" {
  description = "Variables of the bundle in the folder databricks. Write them as JSON to databricks/.databricks/bundle/<target>/variable-overrides.json; null with databricks = { access = false }."
  value       = module.dynalake.databricks_bundle_variables
}

output "databricks_tables" {
  description = "Tables of the bundle's pipeline, with their schema files' content. Write them as JSON to databricks/src/tables/<target>.json; the bundle syncs that file. Null with databricks = { access = false }."
  value       = module.dynalake.databricks_tables
}

output "databricks_next_steps" {
  description = "The commands to run next, up to the tables in Databricks; null with databricks = { access = false }."
  value       = module.dynalake.databricks_next_steps
}

output "alarm_names" {
  description = "Names of the alarms; docs/operations/runbook.md has an entry for each."
  value       = module.dynalake.alarm_names
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.dynalake.dashboard_name
}
