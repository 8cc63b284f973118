# Everything from nothing by the Spark way: a DynamoDB table, and a Glue job that writes its changes as Parquet on S3.

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
  via                     = "spark"
  table_name              = aws_dynamodb_table.this.name
  stream                  = { shard_count = 1 }
  glue_job                = { program_file = var.program_file, script_file = var.script_file, trigger_seconds = var.trigger_seconds }
  databricks              = { external_id = var.databricks_external_id }
  alarm_actions           = var.alarm_actions
  ticket_actions          = var.ticket_actions
  iam_propagation_seconds = var.iam_propagation_seconds
  force_destroy           = var.force_destroy
  tags                    = var.tags
}
