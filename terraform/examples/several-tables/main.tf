# Several tables in one root: bucket, topic, queue, database, and the role for Databricks are there once, and so is the
# stream, because that is asked for. Each table has its own function, delivery stream, Glue table, alarms and dashboard.

locals {
  schema_files = coalesce(var.schema_files, {
    orders    = "${path.module}/../../../examples/orders.schema.json"
    customers = "${path.module}/../../../examples/customers.schema.json"
  })
  schemas = { for key, file in local.schema_files : key => jsondecode(file(file)) }

  # Names and DynamoDB types of the key attributes that are not strings.
  key_types = { customerId = "N" }
}

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119: Encrypted by DynamoDB's own key; examples/existing-bucket-and-key shows a customer managed one.
  for_each = local.schemas

  name                        = each.value.table
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

module "dynalake" {
  source = "../.."

  name   = var.name
  stream = { shared = var.shared_stream }
  tables = {
    for key, file in local.schema_files : key => {
      schema_files = [file]
      table_name   = aws_dynamodb_table.this[key].name
    }
  }

  function                = { package_file = var.package_file }
  databricks              = { external_id = var.databricks_external_id }
  alarm_actions           = var.alarm_actions
  ticket_actions          = var.ticket_actions
  iam_propagation_seconds = var.iam_propagation_seconds
  force_destroy           = var.force_destroy
}
