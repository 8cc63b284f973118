# Several tables on one stream, into one bucket. There is one Kinesis stream and one queue to pay for and to watch, and
# for each table a function with its own schema, a delivery stream and a Glue table. Each delivery stream reads the whole
# stream, and its function drops the changes of the other tables, so Firehose's charge for reading is paid once per table.

locals {
  schema_files = coalesce(var.schema_files, [
    "${path.module}/../../../examples/orders.schema.json",
    "${path.module}/../../../examples/customers.schema.json",
  ])
  schemas      = { for schema in [for file in local.schema_files : jsondecode(file(file))] : schema.table => schema }
  package_file = coalesce(var.package_file, "${path.module}/../../../dist/x86_64/bootstrap.zip")

  # Names and DynamoDB types of the key attributes that are not strings.
  key_types = { customerId = "N" }
}

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119: Encrypted by DynamoDB's own key; examples/existing-bucket-and-key shows a customer managed one.
  for_each = local.schemas

  name                        = each.key
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.keys[0]
  range_key                   = try(each.value.keys[1], null)
  deletion_protection_enabled = !var.force_destroy

  dynamic "attribute" {
    for_each = each.value.keys
    content {
      name = attribute.value
      type = lookup(local.key_types, attribute.value, "S")
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

module "bucket" {
  source = "../../modules/bucket"

  name          = var.name
  force_destroy = var.force_destroy
}

resource "aws_glue_catalog_database" "this" {
  name        = replace(var.name, "-", "_")
  description = "Changes of DynamoDB tables, by dynalake"
}

module "stream" {
  source = "../../modules/stream"

  name      = var.name
  tables    = [for table in aws_dynamodb_table.this : table.name]
  consumers = [for delivery in module.delivery : delivery.delivery_stream_arn]
  ready     = [module.notifications.ready]
}

module "transform" {
  source   = "../../modules/transform"
  for_each = local.schemas

  name         = "${var.name}-${each.key}"
  schema       = each.value
  package_file = local.package_file
}

module "delivery" {
  source   = "../../modules/delivery"
  for_each = local.schemas

  name       = "${var.name}-${each.key}"
  schema     = each.value
  stream_arn = module.stream.arn
  transform = {
    function_arn  = module.transform[each.key].function_arn
    qualified_arn = module.transform[each.key].qualified_arn
  }
  bucket                  = module.bucket.bucket
  database                = aws_glue_catalog_database.this.name
  iam_propagation_seconds = var.iam_propagation_seconds
}

# One bucket, so one notification: both tables are below data/.
module "notifications" {
  source = "../../modules/notifications"

  name     = var.name
  bucket   = module.bucket.bucket
  prefixes = ["data/"]
}

# One queue serves one external location, so one role, one location and one pipeline in Databricks for all tables.
module "databricks_access" {
  source = "../../modules/databricks_access"

  name        = "${var.name}-databricks"
  bucket      = module.bucket.bucket
  prefixes    = ["data/"]
  queue_arn   = module.notifications.queue_arn
  tables      = [for delivery in module.delivery : delivery.databricks_table]
  external_id = var.databricks_external_id
}

module "monitoring" {
  source   = "../../modules/monitoring"
  for_each = local.schemas

  name                     = "${var.name}-${each.key}"
  tables                   = [each.key]
  stream_name              = module.stream.name
  retention_hours          = module.stream.retention_hours
  function_name            = module.transform[each.key].function_name
  function_timeout_seconds = module.transform[each.key].timeout_seconds
  delivery_stream_name     = module.delivery[each.key].delivery_stream_name
  queues = {
    queue_name             = module.notifications.queue_name
    dead_letter_queue_name = module.notifications.dead_letter_queue_name
  }
}
