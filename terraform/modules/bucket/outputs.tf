output "bucket" {
  description = "The bucket: { name, arn, kms_key }, as other modules take it. Known once its policy and settings exist."
  value = {
    name    = aws_s3_bucket.this.bucket
    arn     = aws_s3_bucket.this.arn
    kms_key = var.kms_key
  }

  depends_on = [
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}
