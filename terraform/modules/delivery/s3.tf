module "bucket" {
  source = "../bucket"
  count  = var.bucket == null ? 1 : 0

  name                    = var.name
  bucket_name             = var.bucket_name
  force_destroy           = var.force_destroy
  noncurrent_version_days = var.noncurrent_version_days
  kms_key                 = var.kms_key
  tags                    = var.tags
}

locals {
  bucket   = var.bucket == null ? module.bucket[0].bucket : var.bucket
  location = "s3://${local.bucket.name}/${local.data_prefix}"
}
