# DynamoDB tables to Parquet on S3, with notifications, alarms and a role for Databricks. There are three ways: `via` Firehose,
# from a Kinesis stream; `direct`, from a Kinesis stream or the table's own; and `spark`, by a Glue job from a Kinesis stream.
# The order in which things are made follows from which refers to which: stream, function, delivery stream, mapping or job.
# `consumers` and `ready` put the table's Kinesis destination last, and mapping and trigger after the notifications.
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
        via              = var.via
        changes_from     = var.changes_from
        table_name       = var.table_name
        table_stream_arn = var.table_stream_arn
        table_kms_key    = var.table_kms_key
        name             = var.name
        glue_table       = null
        retained_columns = var.retained_columns
        history          = null
        function         = {}
        delivery         = {}
        direct           = {}
        glue_job         = {}
        stream           = null
        roles            = var.roles
        thresholds       = {}
        tags             = {}
      }
    },
    { for key, entry in var.tables : key => merge(entry, { name = coalesce(entry.name, "${var.name}-${key}") }) },
  )

  package_settings = ["package_file", "package", "package_sha256"]

  # What holds for each table: its own setting, else the one for all tables.
  tables = {
    for key, entry in local.entries : key => {
      name             = entry.name
      via              = entry.via
      changes_from     = coalesce(entry.changes_from, entry.via == "direct" ? "dynamodb_streams" : "kinesis")
      table_stream_arn = entry.table_stream_arn
      table_kms_key    = entry.table_kms_key
      schema_files     = entry.schema_files
      table_name       = coalesce(entry.table_name, jsondecode(file(entry.schema_files[0])).table)
      other_name       = entry.table_name
      glue_table       = entry.glue_table
      retained_columns = entry.retained_columns
      history          = coalesce(entry.history, var.databricks.history)
      function = merge(
        var.function,
        # Of two packages none could be chosen, and a hash is of one.
        { for setting in local.package_settings : setting => null if try(entry.function.package_file, null) != null || try(entry.function.package, null) != null },
        { for setting, value in entry.function : setting => value if value != null },
      )
      delivery = merge(
        var.delivery,
        { for setting, value in entry.delivery : setting => value if value != null },
        # The job has no other.
        { for setting, value in { partition_by = "event_time", partition_granularity = "hour" } : setting => value if entry.via == "spark" },
      )
      direct     = merge(var.direct, { for setting, value in entry.direct : setting => value if value != null })
      glue_job   = merge(var.glue_job, { for setting, value in entry.glue_job : setting => value if value != null })
      stream     = [for stream in [entry.stream, var.stream] : stream if stream != null][0]
      stream_key = !local.one_table && entry.stream == null && var.stream.shared ? "shared" : key
      roles      = entry.roles
      thresholds = merge(var.thresholds, entry.thresholds)
      tags       = merge(var.tags, entry.tags)
    }
  }

  firehose = { for key, table in local.tables : key => table if table.via == "firehose" }
  direct   = { for key, table in local.tables : key => table if table.via == "direct" }
  spark    = { for key, table in local.tables : key => table if table.via == "spark" }

  # The function that makes a table's rows. With Spark there is no function.
  functions = merge(
    { for key, function in module.transform : key => { name = function.function_name, version = function.version, role_arn = function.role_arn, timeout_seconds = function.timeout_seconds } },
    { for key, function in module.direct : key => { name = function.function_name, version = function.version, role_arn = function.role_arn, timeout_seconds = function.timeout_seconds } },
  )
  # Those whose changes go through a Kinesis stream, whichever way they go on.
  kinesis = { for key, table in local.tables : key => table if table.changes_from == "kinesis" }

  # Tables in the lake, of which a DynamoDB table may have several by the direct way. The first schema file's has the entry's
  # own key, so that what a table has stays its own when more are added behind it.
  lake_keys = {
    for key, table in local.tables : key => [
      for at, file in table.schema_files : at == 0 ? key : "${key}/${try(jsondecode(file(file)).name, jsondecode(file(file)).table)}"
    ]
  }
  lake_tables = merge([
    for key, table in local.tables : {
      for at, lake_key in local.lake_keys[key] : lake_key => { entry = key, schema = jsondecode(file(table.schema_files[at])) }
    }
  ]...)

  # By key: the stream of a table, or the one under "shared", which is no table's.
  streams = {
    for stream_key in toset([for table in local.kinesis : table.stream_key]) : stream_key => {
      name     = try(local.tables[stream_key].name, var.name)
      settings = try(local.tables[stream_key].stream, var.stream)
      tags     = try(local.tables[stream_key].tags, var.tags)
    }
  }

  database = var.database == null ? aws_glue_catalog_database.this[0].name : var.database

  bucket = var.bucket == null ? merge(module.bucket[0].bucket, { account_id = tostring(null) }) : var.bucket

  on_failure_bucket = length(local.direct) == 0 ? null : var.on_failure_bucket == null ? module.on_failure_bucket[0].bucket : var.on_failure_bucket

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

# Batches that the direct way gives up, after a day in which they could not be stored. Apart from the bucket of the data:
# what kept the function from writing there, its policy or its key, would keep Lambda from it too.
module "on_failure_bucket" {
  source = "./modules/bucket"
  count  = length(local.direct) > 0 && var.on_failure_bucket == null ? 1 : 0

  # Short enough that account and region always follow it whole.
  name                    = "${substr(var.name, 0, 28)}-failed"
  force_destroy           = var.force_destroy
  noncurrent_version_days = var.new_bucket.noncurrent_version_days
  prefixes                = { errors = "aws/lambda/" }
  error_days              = var.new_bucket.error_days
  kms_key                 = var.kms_key
  tags                    = var.tags
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
  for_each = { for key, table in local.kinesis : key => table if try(table.stream.existing.connect, true) }

  stream_arn = module.stream[each.value.stream_key].arn
  tables     = [each.value.table_name]
  consumers  = each.value.via == "spark" ? [module.glue_job[each.key].job_arn] : each.value.via == "direct" ? [module.direct[each.key].mapping_arn] : [module.delivery[each.key].delivery_stream_arn]
  ready      = concat([for notifications in module.notifications : notifications.ready], var.ready)
}

module "transform" {
  source   = "./modules/transform"
  for_each = local.firehose

  name                 = each.value.name
  schema               = local.lake_tables[each.key].schema
  schema_in_package    = each.value.function.schema_in_package ? each.value.schema_files[0] : null
  tables               = each.value.other_name == null ? null : [each.value.other_name]
  package_file         = each.value.function.package_file != null || each.value.function.package != null ? each.value.function.package_file : "${path.module}/../dist/${each.value.function.architecture}/bootstrap.zip"
  package              = each.value.function.package
  package_sha256       = each.value.function.package_sha256
  architecture         = each.value.function.architecture
  memory_size          = coalesce(each.value.function.memory_size, local.memory_size.firehose)
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
  for_each = local.lake_tables

  schema                = each.value.schema
  bucket                = local.bucket
  database              = local.database
  table                 = local.tables[each.value.entry].glue_table
  via                   = local.tables[each.value.entry].via
  prefixes              = var.prefixes
  partition_by          = local.tables[each.value.entry].delivery.partition_by
  partition_granularity = local.tables[each.value.entry].delivery.partition_granularity
  projection_start      = local.tables[each.value.entry].delivery.projection_start
  retained_columns      = local.tables[each.value.entry].retained_columns
}

module "direct" {
  source   = "./modules/direct"
  for_each = local.direct

  name                 = each.value.name
  schemas              = [for lake_key in local.lake_keys[each.key] : local.lake_tables[lake_key].schema]
  schemas_in_package   = each.value.function.schema_in_package ? each.value.schema_files : null
  targets              = [for lake_key in local.lake_keys[each.key] : module.table[lake_key].target]
  table_name           = each.value.other_name
  changes_from         = each.value.changes_from
  source_arn           = each.value.changes_from == "kinesis" ? module.stream[each.value.stream_key].arn : each.value.table_stream_arn
  source_kms_key       = each.value.changes_from != "kinesis" ? each.value.table_kms_key : each.value.stream.existing == null ? var.kms_key : each.value.stream.existing.kms_key
  retention_hours      = each.value.changes_from == "kinesis" ? module.stream[each.value.stream_key].retention_hours : 24
  on_failure_bucket    = local.on_failure_bucket
  package_file         = each.value.function.package_file != null || each.value.function.package != null ? each.value.function.package_file : "${path.module}/../dist/${each.value.function.architecture}/direct.zip"
  package              = each.value.function.package
  package_sha256       = each.value.function.package_sha256
  architecture         = each.value.function.architecture
  memory_size          = coalesce(each.value.function.memory_size, local.memory_size.direct)
  timeout_seconds      = each.value.function.timeout_seconds
  reserved_concurrency = each.value.function.reserved_concurrency
  log_level            = each.value.function.log_level
  log_retention_days   = each.value.function.log_retention_days
  kms_key              = var.kms_key
  tags                 = each.value.tags

  batch_size                 = each.value.direct.batch_size
  batching_window_seconds    = each.value.direct.batching_window_seconds
  parallelization_factor     = each.value.direct.parallelization_factor
  maximum_record_age_seconds = each.value.direct.maximum_record_age_seconds
  filters                    = each.value.direct.filters

  role                    = each.value.roles.function
  permissions_boundary    = var.permissions_boundary
  role_path               = var.role_path
  iam_propagation_seconds = var.iam_propagation_seconds

  # With a Kinesis stream the destination is last of all, and waits for the same.
  ready = concat([for notifications in module.notifications : notifications.ready], var.ready)
}

module "delivery" {
  source   = "./modules/delivery"
  for_each = local.firehose

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

module "glue_job" {
  source   = "./modules/glue_job"
  for_each = local.spark

  name           = each.value.name
  schema         = local.lake_tables[each.key].schema
  target         = module.table[each.key].target
  table_name     = each.value.other_name
  stream_arn     = module.stream[each.value.stream_key].arn
  stream_kms_key = each.value.stream.existing == null ? var.kms_key : each.value.stream.existing.kms_key
  program_file   = each.value.glue_job.program_file != null ? each.value.glue_job.program_file : "${path.module}/../dist/x86_64/dynalake"
  script_file    = each.value.glue_job.script_file
  arguments      = each.value.glue_job.arguments
  files_bucket   = each.value.glue_job.files_bucket
  kms_key        = var.kms_key
  tags           = each.value.tags

  worker_type        = each.value.glue_job.worker_type
  number_of_workers  = each.value.glue_job.number_of_workers
  trigger_seconds    = each.value.glue_job.trigger_seconds
  maintenance_window = each.value.glue_job.maintenance_window
  log_retention_days = each.value.glue_job.log_retention_days

  role                    = each.value.roles.glue_job
  permissions_boundary    = var.permissions_boundary
  role_path               = var.role_path
  iam_propagation_seconds = var.iam_propagation_seconds

  # The job begins with the oldest record, so it may run before the destination is there, but not before the notifications are.
  ready = concat([for notifications in module.notifications : notifications.ready], var.ready)
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
  tables      = [for key, table in module.table : merge(table.databricks_table, { history = local.tables[local.lake_tables[key].entry].history })]
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

  on_failure_bucket = local.on_failure_bucket
}

locals {
  # In MB. The direct function also holds the objects that it writes.
  memory_size = { firehose = 256, direct = 512 }

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

  name = each.value.name
  parts = concat(
    ["table"],
    each.value.changes_from == "kinesis" && (local.one_table || each.value.stream_key != "shared") ? ["stream"] : [],
    local.one_table ? ["queues"] : [],
  )
  via                        = each.value.via
  tables                     = [each.value.table_name]
  stream_name                = one([for stream_key in [each.value.stream_key] : module.stream[stream_key].name if each.value.changes_from == "kinesis"])
  retention_hours            = one([for stream_key in [each.value.stream_key] : module.stream[stream_key].retention_hours if each.value.changes_from == "kinesis"])
  shard_count                = each.value.changes_from == "kinesis" ? each.value.stream.shard_count : null
  function_name              = try(local.functions[each.key].name, null)
  function_timeout_seconds   = try(local.functions[each.key].timeout_seconds, null)
  function_memory_mb         = each.value.via == "spark" ? null : coalesce(each.value.function.memory_size, local.memory_size[each.value.via])
  delivery_stream_name       = one([for delivery in [each.key] : module.delivery[delivery].delivery_stream_name if each.value.via == "firehose"])
  mapping_uuid               = one([for direct in [each.key] : module.direct[direct].mapping_uuid if each.value.via == "direct"])
  batching_window_seconds    = one([for direct in [each.key] : module.direct[direct].batching_window_seconds if each.value.via == "direct"])
  maximum_record_age_seconds = one([for direct in [each.key] : module.direct[direct].maximum_record_age_seconds if each.value.via == "direct"])
  job = each.value.via != "spark" ? null : {
    name             = module.glue_job[each.key].job_name
    log_group        = module.glue_job[each.key].log_group_name
    failed_runs_rule = module.glue_job[each.key].failed_runs_rule
  }
  dynamic_partitioning = each.value.via == "firehose" && each.value.delivery.partition_by == "event_time"
  queues               = local.queues
  error_queue_name     = one(module.notifications[*].error_queue_name)
  more_alarms          = concat(flatten(module.monitoring_queues[*].alarm_arns), each.value.stream_key == "shared" && each.value.changes_from == "kinesis" ? flatten(module.monitoring_stream[*].alarm_arns) : [])
  # An existing stream may have the changes of tables that are not here.
  shared_stream = each.value.changes_from == "kinesis" && (each.value.stream_key == "shared" || each.value.stream.existing != null)
  # A long interval should not set the alarm off.
  thresholds = merge(
    { freshness_seconds = max(300, 4 * (each.value.via == "spark" ? each.value.glue_job.trigger_seconds : each.value.via == "direct" ? module.direct[each.key].batching_window_seconds : module.delivery[each.key].buffering_interval_seconds)) },
    each.value.thresholds,
  )
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
