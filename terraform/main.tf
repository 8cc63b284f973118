# DynamoDB tables to Parquet on S3, with notifications, alarms and a role for Databricks. The order in which things
# are made follows from which refers to which: stream, function, delivery stream. `consumers` and `ready` put the table's
# Kinesis destination last.
#
# Bucket, topic, queue, database and the role for Databricks are shared by all tables. Everything in `for_each` is one
# table's own, under the table's key, so adding or removing a table leaves the others as they are.

locals {
  # The one-table form (schema_file) is an entry under a fixed key, which moved.tf relies on.
  one_table = length(var.tables) == 0
  entries = merge(
    {
      for key in local.one_table ? ["default"] : [] : key => {
        schema_files     = [var.schema_file]
        table_name       = var.table_name
        name             = var.name
        glue_table       = null
        retained_columns = var.retained_columns
        history          = null
        function         = {}
        delivery         = {}
        stream           = null
        roles            = var.roles
        thresholds       = {}
        tags             = {}
      }
    },
    { for key, entry in var.tables : key => merge(entry, { name = coalesce(entry.name, "${var.name}-${key}") }) },
  )

  # What holds for each table: its own setting, else the one for all tables.
  tables = {
    for key, entry in local.entries : key => {
      name             = entry.name
      schema_file      = entry.schema_files[0]
      schema           = jsondecode(file(entry.schema_files[0]))
      table_name       = coalesce(entry.table_name, jsondecode(file(entry.schema_files[0])).table)
      other_name       = entry.table_name
      glue_table       = entry.glue_table
      retained_columns = entry.retained_columns
      history          = coalesce(entry.history, var.databricks.history)
      function         = merge(var.function, { for setting, value in entry.function : setting => value if value != null })
      delivery         = merge(var.delivery, { for setting, value in entry.delivery : setting => value if value != null })
      stream           = [for stream in [entry.stream, var.stream] : stream if stream != null][0]
      stream_key       = !local.one_table && entry.stream == null && var.stream.shared ? "shared" : key
      roles            = entry.roles
      thresholds       = merge(var.thresholds, entry.thresholds)
      tags             = merge(var.tags, entry.tags)
    }
  }

  # By key: the stream of a table, or the one under "shared", which is no table's.
  streams = {
    for stream_key in toset([for table in local.tables : table.stream_key]) : stream_key => {
      name     = try(local.tables[stream_key].name, var.name)
      settings = try(local.tables[stream_key].stream, var.stream)
      tags     = try(local.tables[stream_key].tags, var.tags)
    }
  }

  database = var.database == null ? aws_glue_catalog_database.this[0].name : var.database

  bucket = var.bucket == null ? merge(module.bucket[0].bucket, { account_id = tostring(null) }) : var.bucket

  # One table announces its own prefix, several the one that they share.
  data_prefixes  = tolist(local.one_table ? [for table in module.table : table.data_prefix] : [var.prefixes.data])
  error_prefixes = tolist(local.one_table ? [for table in module.table : table.error_prefix] : [var.prefixes.errors])

  # For a given bucket it has to be said, or a topic given: see the variable.
  notifications = coalesce(var.notifications, var.bucket == null ? "replace" : "topic")
}

module "bucket" {
  source = "./modules/bucket"
  count  = var.bucket == null ? 1 : 0

  name                         = var.name
  bucket_name                  = var.new_bucket.name
  force_destroy                = var.force_destroy
  noncurrent_version_days      = var.new_bucket.noncurrent_version_days
  prefixes                     = var.prefixes
  data_days                    = var.new_bucket.data_days
  error_days                   = var.new_bucket.error_days
  additional_policy_statements = var.additional_bucket_policy_statements
  kms_key                      = var.kms_key
  tags                         = var.tags
}

resource "aws_glue_catalog_database" "this" {
  count = var.database == null ? 1 : 0

  name        = replace(lower(var.name), "/[^a-z0-9_]/", "_")
  description = "Changes of DynamoDB tables, by dynalake"
  tags        = var.tags
}

module "stream" {
  source   = "./modules/stream"
  for_each = local.streams

  name            = each.value.name
  existing        = each.value.settings.existing
  shard_count     = each.value.settings.shard_count
  retention_hours = each.value.settings.retention_hours
  kms_key         = var.kms_key
  tags            = each.value.tags
}

# Last of all: no change flows before it can be delivered and announced. Not for a table that writes into an existing
# stream already.
module "destination" {
  source   = "./modules/destination"
  for_each = { for key, table in local.tables : key => table if try(table.stream.existing.connect, true) }

  stream_arn = module.stream[each.value.stream_key].arn
  tables     = [each.value.table_name]
  consumers  = [module.delivery[each.key].delivery_stream_arn]
  ready      = concat([for notifications in module.notifications : notifications.ready], var.ready)
}

module "transform" {
  source   = "./modules/transform"
  for_each = local.tables

  name                 = each.value.name
  schema               = each.value.schema
  schema_in_package    = each.value.function.schema_in_package ? each.value.schema_file : null
  tables               = each.value.other_name == null ? null : [each.value.other_name]
  package_file         = coalesce(each.value.function.package_file, "${path.module}/../dist/${each.value.function.architecture}/bootstrap.zip")
  architecture         = each.value.function.architecture
  memory_size          = each.value.function.memory_size
  timeout_seconds      = each.value.function.timeout_seconds
  reserved_concurrency = each.value.function.reserved_concurrency
  log_level            = each.value.function.log_level
  log_retention_days   = each.value.function.log_retention_days
  partition_by         = each.value.delivery.partition_by
  kms_key              = var.kms_key
  tags                 = each.value.tags

  role                    = each.value.roles.function
  permissions_boundary    = var.permissions_boundary
  role_path               = var.role_path
  iam_propagation_seconds = var.iam_propagation_seconds
}

module "table" {
  source   = "./modules/table"
  for_each = local.tables

  schema                = each.value.schema
  bucket                = local.bucket
  database              = local.database
  table                 = each.value.glue_table
  prefixes              = var.prefixes
  partition_by          = each.value.delivery.partition_by
  partition_granularity = each.value.delivery.partition_granularity
  projection_start      = each.value.delivery.projection_start
  retained_columns      = each.value.retained_columns
}

module "delivery" {
  source   = "./modules/delivery"
  for_each = local.tables

  name           = each.value.name
  target         = module.table[each.key].target
  stream_arn     = module.stream[each.value.stream_key].arn
  stream_kms_key = each.value.stream.existing == null ? var.kms_key : each.value.stream.existing.kms_key
  transform = {
    function_arn  = module.transform[each.key].function_arn
    qualified_arn = module.transform[each.key].qualified_arn
  }
  buffering_interval_seconds        = each.value.delivery.buffering_interval_seconds
  buffering_size_mb                 = each.value.delivery.buffering_size_mb
  transform_buffer_interval_seconds = each.value.delivery.transform_buffer_interval_seconds
  transform_buffer_size_mb          = each.value.delivery.transform_buffer_size_mb
  log_retention_days                = each.value.delivery.log_retention_days
  lake_formation                    = var.lake_formation
  kms_key                           = var.kms_key
  tags                              = each.value.tags

  role                    = each.value.roles.firehose
  permissions_boundary    = var.permissions_boundary
  role_path               = var.role_path
  iam_propagation_seconds = var.iam_propagation_seconds
}

module "notifications" {
  source = "./modules/notifications"
  count  = local.notifications == "none" ? 0 : 1

  name           = var.name
  bucket         = local.bucket
  notifications  = local.notifications
  eventbridge    = var.eventbridge
  prefixes       = local.data_prefixes
  error_prefixes = local.error_prefixes
  topic          = var.topic
  kms_key        = var.kms_key
  tags           = var.tags

  message_retention_days             = var.queue.message_retention_days
  max_receive_count                  = var.queue.max_receive_count
  additional_topic_policy_statements = var.additional_topic_policy_statements
}

module "databricks_access" {
  source = "./modules/databricks_access"
  count  = var.databricks.access && local.notifications != "none" ? 1 : 0

  name        = "${var.name}-databricks"
  bucket      = local.bucket
  prefixes    = local.data_prefixes
  queue_arn   = module.notifications[0].queue_arn
  tables      = [for key, table in module.table : merge(table.databricks_table, { history = local.tables[key].history })]
  external_id = var.databricks.external_id
  kms_key     = var.kms_key
  tags        = var.tags

  bucket_kms_key         = local.bucket.kms_key
  permissions_boundary   = var.permissions_boundary
  role_path              = var.role_path
  unity_catalog_role_arn = var.databricks.unity_catalog_role_arn
}

module "export_access" {
  source = "./modules/export_access"
  count  = var.exports == null ? 0 : 1

  name           = "${var.name}-exports"
  exports        = var.exports
  table_names    = distinct([for table in local.tables : table.table_name])
  bucket         = local.bucket
  data_prefixes  = local.data_prefixes
  error_prefixes = local.error_prefixes
  path           = var.role_path
  tags           = var.tags
}

locals {
  # What all of the calls below say in the same way.
  queues = local.notifications == "none" ? null : {
    queue_name             = module.notifications[0].queue_name
    dead_letter_queue_name = module.notifications[0].dead_letter_queue_name
    # Until Databricks has its external id, nobody can read the queue.
    read = var.databricks.external_id != null
  }
}

module "monitoring" {
  source   = "./modules/monitoring"
  for_each = local.tables

  name                     = each.value.name
  parts                    = local.one_table ? ["table", "stream", "queues"] : each.value.stream_key == "shared" ? ["table"] : ["table", "stream"]
  tables                   = [each.value.table_name]
  stream_name              = module.stream[each.value.stream_key].name
  retention_hours          = module.stream[each.value.stream_key].retention_hours
  shard_count              = each.value.stream.shard_count
  function_name            = module.transform[each.key].function_name
  function_timeout_seconds = module.transform[each.key].timeout_seconds
  function_memory_mb       = each.value.function.memory_size
  delivery_stream_name     = module.delivery[each.key].delivery_stream_name
  dynamic_partitioning     = each.value.delivery.partition_by == "event_time"
  queues                   = local.queues
  error_queue_name         = one(module.notifications[*].error_queue_name)
  more_alarms              = concat(flatten(module.monitoring_queues[*].alarm_arns), each.value.stream_key == "shared" ? flatten(module.monitoring_stream[*].alarm_arns) : [])
  # An existing stream may have the changes of tables that are not here.
  shared_stream = each.value.stream_key == "shared" || each.value.stream.existing != null
  # A long buffering interval should not set the alarm off.
  thresholds     = merge({ freshness_seconds = max(300, 4 * module.delivery[each.key].buffering_interval_seconds) }, each.value.thresholds)
  alarm_actions  = var.alarm_actions
  ticket_actions = var.ticket_actions
  tags           = each.value.tags
}

# With several tables, what they share is watched once.
module "monitoring_queues" {
  source = "./modules/monitoring"
  count  = local.one_table || local.notifications == "none" ? 0 : 1

  name             = var.name
  parts            = ["queues"]
  queues           = local.queues
  error_queue_name = one(module.notifications[*].error_queue_name)
  thresholds       = var.thresholds
  alarm_actions    = var.alarm_actions
  ticket_actions   = var.ticket_actions
  tags             = var.tags
}

module "monitoring_stream" {
  source = "./modules/monitoring"
  count  = contains(keys(local.streams), "shared") ? 1 : 0

  name            = var.name
  parts           = ["stream"]
  stream_name     = module.stream["shared"].name
  retention_hours = module.stream["shared"].retention_hours
  shard_count     = var.stream.shard_count
  thresholds      = var.thresholds
  alarm_actions   = var.alarm_actions
  ticket_actions  = var.ticket_actions
  tags            = var.tags
}
