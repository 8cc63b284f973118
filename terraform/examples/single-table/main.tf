# One DynamoDB table that holds customers, orders and order lines, and three tables in the lake, each with its own columns:
# one function reads the table's stream and writes all three.

locals {
  # Each schema file says in "where" which items are its own.
  schema_files = [for name in ["customers", "orders", "order_lines"] : "${path.module}/${name}.schema.json"]
}

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119: Encrypted by DynamoDB's own key; examples/existing-bucket-and-key shows a customer managed one.
  name                        = "shop"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "PK"
  range_key                   = "SK"
  deletion_protection_enabled = !var.force_destroy
  tags                        = var.tags

  # What the direct way reads. Both images: an item that changes its kind leaves one table of the lake and enters another.
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  dynamic "attribute" {
    for_each = ["PK", "SK"]
    content {
      name = attribute.value
      type = "S"
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

  name = var.name
  tables = {
    shop = {
      via              = "direct"
      schema_files     = local.schema_files
      table_stream_arn = aws_dynamodb_table.this.stream_arn
    }
  }

  function                = { package_file = var.package_file }
  direct                  = { batching_window_seconds = var.batching_window_seconds }
  databricks              = { external_id = var.databricks_external_id }
  alarm_actions           = var.alarm_actions
  ticket_actions          = var.ticket_actions
  iam_propagation_seconds = var.iam_propagation_seconds
  force_destroy           = var.force_destroy
  tags                    = var.tags
}
