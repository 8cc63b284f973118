# One DynamoDB table to Parquet on S3, with notifications, alarms and a role for Databricks. The order in which things
# are made follows from which refers to which: stream, function, delivery stream. `consumers` and `ready` put the table's
# Kinesis destination last.

locals {
  schema     = jsondecode(file(var.schema_file))
  table_name = coalesce(var.table_name, local.schema.table)
}

module "stream" {
  source = "./modules/stream"

  name            = var.name
  tables          = [local.table_name]
  consumers       = [module.delivery.delivery_stream_arn]
  ready           = [module.notifications.ready]
  shard_count     = var.shard_count
  retention_hours = var.retention_hours
  kms_key         = var.kms_key
  tags            = var.tags
}

module "transform" {
  source = "./modules/transform"

  name                    = var.name
  schema                  = local.schema
  schema_in_package       = var.schema_in_package ? var.schema_file : null
  tables                  = var.table_name == null ? null : [var.table_name]
  package_file            = coalesce(var.package_file, "${path.module}/../dist/${var.architecture}/bootstrap.zip")
  architecture            = var.architecture
  memory_size             = var.memory_size
  reserved_concurrency    = var.reserved_concurrency
  partition_by            = var.partition_by
  iam_propagation_seconds = var.iam_propagation_seconds
  kms_key                 = var.kms_key
  tags                    = var.tags
}

module "delivery" {
  source = "./modules/delivery"

  name       = var.name
  schema     = local.schema
  stream_arn = module.stream.arn
  transform = {
    function_arn  = module.transform.function_arn
    qualified_arn = module.transform.qualified_arn
  }
  bucket                     = var.bucket
  force_destroy              = var.force_destroy
  partition_by               = var.partition_by
  partition_granularity      = var.partition_granularity
  buffering_interval_seconds = var.buffering_interval_seconds
  transform_buffer_size_mb   = var.transform_buffer_size_mb
  retained_columns           = var.retained_columns
  iam_propagation_seconds    = var.iam_propagation_seconds
  kms_key                    = var.kms_key
  tags                       = var.tags
}

module "notifications" {
  source = "./modules/notifications"

  name     = var.name
  bucket   = module.delivery.bucket
  prefixes = [module.delivery.data_prefix]
  topic    = var.topic
  kms_key  = var.kms_key
  tags     = var.tags

  additional_topic_policy_statements = var.additional_topic_policy_statements
}

module "databricks_access" {
  source = "./modules/databricks_access"
  count  = var.databricks_access ? 1 : 0

  name        = "${var.name}-databricks"
  bucket      = module.delivery.bucket
  prefixes    = [module.delivery.data_prefix]
  queue_arn   = module.notifications.queue_arn
  tables      = [merge(module.delivery.databricks_table, { history = var.databricks_history })]
  external_id = var.databricks_external_id
  kms_key     = var.kms_key
  tags        = var.tags

  unity_catalog_role_arn = var.unity_catalog_role_arn
}

module "monitoring" {
  source = "./modules/monitoring"

  name                     = var.name
  tables                   = [local.table_name]
  stream_name              = module.stream.name
  retention_hours          = module.stream.retention_hours
  function_name            = module.transform.function_name
  function_timeout_seconds = module.transform.timeout_seconds
  function_memory_mb       = var.memory_size
  delivery_stream_name     = module.delivery.delivery_stream_name
  dynamic_partitioning     = var.partition_by == "event_time"
  queues = {
    queue_name             = module.notifications.queue_name
    dead_letter_queue_name = module.notifications.dead_letter_queue_name
  }
  # A long buffering interval should not set the alarm off.
  thresholds    = merge({ freshness_seconds = max(300, 4 * module.delivery.buffering_interval_seconds) }, var.thresholds)
  alarm_actions = var.alarm_actions
  tags          = var.tags
}
