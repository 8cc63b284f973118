# Into a bucket that exists, with its own key, whose notifications belong to somebody else. What is made here has another
# key, and partitions go by the changes' own time.

module "dynalake" {
  source = "../.."

  name                    = var.name
  schema_file             = "${path.module}/../../../examples/orders.schema.json"
  table_name              = aws_dynamodb_table.this.name
  function                = { package_file = var.package_file }
  bucket                  = module.bucket.bucket
  notifications           = "topic"
  ready                   = [aws_s3_bucket_notification.this.id]
  kms_key                 = module.kms_key.kms_key
  delivery                = { partition_by = "event_time" }
  permissions_boundary    = aws_iam_policy.boundary.arn
  iam_propagation_seconds = var.iam_propagation_seconds
}
