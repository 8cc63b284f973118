data "aws_caller_identity" "current" {}
# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "here" {
  service_name = "logs"
}

locals {
  # Names of buckets are unique worldwide, so account and region are part of it.
  suffix = "-${data.aws_caller_identity.current.account_id}-${data.aws_service_principal.here.region}"
  name = coalesce(var.bucket_name, join("", [
    trim(substr(replace(lower(var.name), "/[^a-z0-9-]/", "-"), 0, 63 - length(local.suffix)), "-"), local.suffix
  ]))
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18: Access logs need a bucket of the user's and are theirs to choose; CloudTrail data events serve as well.
  #checkov:skip=CKV_AWS_144: Replication is the user's choice. The stream keeps a week of changes and DynamoDB the current items; older versions exist only here.
  #checkov:skip=CKV_AWS_145: Encrypted by S3's own key unless kms_key gives a customer managed one.
  #checkov:skip=CKV2_AWS_62: Notifications are the module notifications'.
  bucket        = local.name
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    # One data key for many objects, if there is a key to pay for.
    bucket_key_enabled = var.kms_key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key == null ? null : var.kms_key.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  #checkov:skip=CKV_AWS_300: The rule clean-up aborts them after a week. checkov doesn't see it next to dynamic rules.
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "clean-up"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }
  }

  # In a versioned bucket the objects become old versions then, and go noncurrent_version_days later.
  dynamic "rule" {
    for_each = { for kind, days in { data = var.data_days, errors = var.error_days } : kind => days if days != null }

    content {
      id     = "expire-${rule.key}"
      status = "Enabled"

      filter {
        prefix = var.prefixes[rule.key]
      }

      expiration {
        days = rule.value
      }
    }
  }

  # What expired leaves a marker behind once its versions are gone.
  dynamic "rule" {
    for_each = var.data_days == null && var.error_days == null ? [] : [1]

    content {
      id     = "remove-markers"
      status = "Enabled"

      filter {}

      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [
        for statement in var.additional_policy_statements :
        merge({ Resource = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"] }, statement)
      ],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
