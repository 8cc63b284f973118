output "table_name" {
  description = "Name of the DynamoDB table; null with tables."
  value       = local.one_table ? local.tables["default"].table_name : null
}

output "stream_name" {
  description = "Name of the Kinesis data stream; null with tables, and with the table's own stream."
  value       = local.one_table ? local.outputs["default"].stream_name : null
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream; null with tables, and with the table's own stream."
  value       = local.one_table ? local.outputs["default"].stream_arn : null
}

output "function_name" {
  description = "Name of the function; null with tables, and by Spark."
  value       = local.one_table ? local.outputs["default"].function_name : null
}

output "function_version" {
  description = "Published version of the function that Firehose, or the direct way's mapping, invokes; null with tables, and by Spark."
  value       = local.one_table ? local.outputs["default"].function_version : null
}

output "delivery_stream_name" {
  description = "Name of the Firehose delivery stream; null with tables, and by the other ways."
  value       = local.one_table ? local.outputs["default"].delivery_stream_name : null
}

output "mapping_uuid" {
  description = "By the direct way: UUID of the event source mapping; null with tables."
  value       = local.one_table ? local.outputs["default"].mapping_uuid : null
}

output "on_failure_location" {
  description = "By the direct way: where Lambda puts the batches that it gives up, as a URL; null with tables."
  value       = local.one_table ? local.outputs["default"].on_failure_location : null
}

output "job_name" {
  description = "By Spark: name of the Glue job, and of the trigger that starts it; null with tables."
  value       = local.one_table ? local.outputs["default"].job_name : null
}

output "checkpoint_location" {
  description = "By Spark: where the job keeps how far it has read, as a URL; null with tables."
  value       = local.one_table ? local.outputs["default"].checkpoint_location : null
}

output "failed_runs_queue_url" {
  description = "By Spark: URL of the queue that holds Glue's event of each run that failed, for 14 days; null with tables."
  value       = local.one_table ? local.outputs["default"].failed_runs_queue_url : null
}

output "bucket" {
  description = "Name of the bucket."
  value       = local.bucket.name
}

output "location" {
  description = "The Parquet objects as a URL: s3://bucket/prefix; null with tables."
  value       = local.one_table ? module.table["default"].location : null
}

output "data_prefix" {
  description = "Prefix of the Parquet objects; null with tables."
  value       = local.one_table ? module.table["default"].data_prefix : null
}

output "error_prefix" {
  description = "Prefix of what could not be delivered; the kinds of error are below it; null with tables."
  value       = local.one_table ? module.table["default"].error_prefix : null
}

output "glue_database" {
  description = "Name of the Glue database."
  value       = local.database
}

output "glue_table" {
  description = "Name of the Glue table; null with tables."
  value       = local.one_table ? module.table["default"].table : null
}

output "key_columns" {
  description = "Columns that hold the DynamoDB table's key; null with tables."
  value       = local.one_table ? module.table["default"].key_columns : null
}

output "topic_arn" {
  description = "ARN of the SNS topic that gets a notification of each object, for more consumers; null with notifications = \"none\"."
  value       = one(module.notifications[*].topic_arn)
}

output "error_topic_arn" {
  description = "ARN of the SNS topic that gets the event of each object in the error prefix, for more subscribers; null unless the bucket's notifications are ours (\"replace\")."
  value       = one(module.notifications[*].error_topic_arn)
}

output "queue_url" {
  description = "URL of the SQS queue with the notifications: the external location's provided queue, or Auto Loader's cloudFiles.queueUrl; null with notifications = \"none\"."
  value       = one(module.notifications[*].queue_url)
}

output "dead_letter_queue_url" {
  description = "URL of the queue of notifications that were received too often; null with notifications = \"none\"."
  value       = one(module.notifications[*].dead_letter_queue_url)
}

output "databricks_role_arn" {
  description = "ARN of the role for the Unity Catalog storage credential; null with databricks = { access = false }."
  value       = one(module.databricks_access[*].role_arn)
}

output "databricks_bundle_variables" {
  description = "Variables of the bundle in the folder databricks. Write them as JSON to databricks/.databricks/bundle/<target>/variable-overrides.json; null with databricks = { access = false }."
  value       = one(module.databricks_access[*].bundle_variables)
}

output "databricks_tables" {
  description = "Tables of the bundle's pipeline, with their schema files' content. Write them as JSON to databricks/src/tables/<target>.json; the bundle syncs that file. Null with databricks = { access = false }."
  value       = one(module.databricks_access[*].bundle_tables)
}

output "databricks_next_steps" {
  description = "The commands to run next, up to the tables in Databricks; null with databricks = { access = false }."
  value       = one(module.databricks_access[*].next_steps)
}

output "export_policy_arn" {
  description = "ARN of the policy for whoever runs `dynalake backfill` and `dynalake replay`; null without exports."
  value       = one(module.export_access[*].policy_arn)
}

output "alarm_names" {
  description = "Names of the alarms; docs/operations/runbook.md has an entry for each."
  value       = sort(flatten([for monitoring in concat(values(module.monitoring), module.monitoring_queues, module.monitoring_stream) : monitoring.alarm_names]))
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard; null with tables."
  value       = local.one_table ? module.monitoring["default"].dashboard_name : null
}

output "tables" {
  description = "For each table, by its key (default with schema_file): table_name, stream_name, stream_arn, function_name, function_version, function_role_arn, delivery_stream_name, firehose_role_arn, mapping_uuid, on_failure_location, job_name, job_role_arn, checkpoint_location, failed_runs_queue_url, location, data_prefix, error_prefix, glue_table, key_columns, dashboard_name, lake_tables. What one way has and the other doesn't is null. With several schema files, location, data_prefix, error_prefix, glue_table and key_columns are null, and lake_tables has them for each, by its name in Glue."
  value       = local.outputs

  precondition {
    condition     = length(distinct([for table in module.table : table.table])) == length(module.table)
    error_message = "tables: two entries are for one table in Glue (${join(", ", [for table in module.table : table.table])}); give one a \"name\" in its schema file, or a glue_table of its own."
  }
}

locals {
  lake_outputs = {
    for key, lake_keys in local.lake_keys : key => [
      for lake_key in lake_keys : {
        location     = module.table[lake_key].location
        data_prefix  = module.table[lake_key].data_prefix
        error_prefix = module.table[lake_key].error_prefix
        glue_table   = module.table[lake_key].table
        key_columns  = module.table[lake_key].key_columns
      }
    ]
  }
  # Of a DynamoDB table that makes one table of the lake.
  lake_output = { for key, outputs in local.lake_outputs : key => length(outputs) == 1 ? outputs[0] : null }

  outputs = {
    for key, table in local.tables : key => {
      table_name            = table.table_name
      stream_name           = table.changes_from == "kinesis" ? module.stream[table.stream_key].name : null
      stream_arn            = table.changes_from == "kinesis" ? module.stream[table.stream_key].arn : null
      function_name         = try(local.functions[key].name, null)
      function_version      = try(local.functions[key].version, null)
      function_role_arn     = try(local.functions[key].role_arn, null)
      delivery_stream_name  = table.via == "firehose" ? module.delivery[key].delivery_stream_name : null
      firehose_role_arn     = table.via == "firehose" ? module.delivery[key].role_arn : null
      mapping_uuid          = table.via == "direct" ? module.direct[key].mapping_uuid : null
      on_failure_location   = table.via == "direct" ? module.direct[key].on_failure_location : null
      job_name              = table.via == "spark" ? module.glue_job[key].job_name : null
      job_role_arn          = table.via == "spark" ? module.glue_job[key].role_arn : null
      checkpoint_location   = table.via == "spark" ? module.glue_job[key].checkpoint_location : null
      failed_runs_queue_url = table.via == "spark" ? module.glue_job[key].failed_runs_queue_url : null
      location              = try(local.lake_output[key].location, null)
      data_prefix           = try(local.lake_output[key].data_prefix, null)
      error_prefix          = try(local.lake_output[key].error_prefix, null)
      glue_table            = try(local.lake_output[key].glue_table, null)
      key_columns           = try(local.lake_output[key].key_columns, null)
      dashboard_name        = module.monitoring[key].dashboard_name
      lake_tables           = { for lake_table in local.lake_outputs[key] : lake_table.glue_table => lake_table }
    }
  }
}
