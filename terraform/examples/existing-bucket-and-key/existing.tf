# These play the part of what already exists: a key, a bucket and a table. In your own configuration they are data
# sources or ARNs. Compare the key's policy with yours: modules/kms_key/README.md explains each statement.

module "kms_key" {
  source = "../../modules/kms_key"

  name = var.name
}

module "bucket" {
  source = "../../modules/bucket"

  name          = var.name
  force_destroy = var.force_destroy
  kms_key       = module.kms_key.kms_key
}

resource "aws_dynamodb_table" "this" {
  name                        = "orders"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "orderId"
  deletion_protection_enabled = !var.force_destroy

  attribute {
    name = "orderId"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = module.kms_key.arn
  }
}
