# Into an existing bucket, encrypted by a customer managed key from end to end, partitioned by the changes' own time.

module "dynalake" {
  source = "../.."

  name                    = var.name
  schema_file             = "${path.module}/../../../examples/orders.schema.json"
  table_name              = aws_dynamodb_table.this.name
  package_file            = var.package_file
  bucket                  = module.bucket.bucket
  kms_key                 = module.kms_key.kms_key
  partition_by            = "event_time"
  iam_propagation_seconds = var.iam_propagation_seconds
}
