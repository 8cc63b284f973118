# Everything from nothing by the direct way: a DynamoDB table with a stream, and its changes as Parquet on S3 seconds later.

locals {
  schema_file = coalesce(var.schema_file, "${path.module}/../../../examples/orders.schema.json")
  schema      = jsondecode(file(local.schema_file))
}

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119: Encrypted by DynamoDB's own key; examples/existing-bucket-and-key shows a customer managed one.
  name                        = local.schema.table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = local.schema.keys[0]
  deletion_protection_enabled = !var.force_destroy
  tags                        = var.tags

  # What the direct way reads.
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  attribute {
    name = local.schema.keys[0]
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }
}

module "dynalake" {
  source = "../.."

  name                    = var.name
  schema_file             = local.schema_file
  via                     = "direct"
  table_name              = aws_dynamodb_table.this.name
  table_stream_arn        = aws_dynamodb_table.this.stream_arn
  function                = { package_file = var.package_file }
  direct                  = { batching_window_seconds = var.batching_window_seconds }
  databricks              = { external_id = var.databricks_external_id }
  alarm_actions           = var.alarm_actions
  ticket_actions          = var.ticket_actions
  iam_propagation_seconds = var.iam_propagation_seconds
  force_destroy           = var.force_destroy
  tags                    = var.tags
}
