# These play the part of what already exists: keys, a bucket with notifications, a permissions boundary and a table. In
# your own configuration they are data sources or ARNs. Compare a key's policy with yours: modules/kms_key/README.md
# explains each statement.

data "aws_caller_identity" "current" {}

module "kms_key" {
  source = "../../modules/kms_key"

  name = var.name
}

# The lake's own key, which belongs to another team. The bucket's topic for uploads is encrypted with it, too.
module "lake_key" {
  source = "../../modules/kms_key"

  name = "${var.name}-lake"
}

module "bucket" {
  source = "../../modules/bucket"

  name          = var.name
  force_destroy = var.force_destroy
  kms_key       = module.lake_key.kms_key
}

resource "aws_sns_topic" "uploads" {
  name              = "${var.name}-uploads"
  kms_master_key_id = module.lake_key.arn
}

resource "aws_sns_topic_policy" "uploads" {
  arn = aws_sns_topic.uploads.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowBucketToPublish"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.uploads.arn
      Condition = {
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
        ArnEquals    = { "aws:SourceArn" = module.bucket.bucket.arn }
      }
    }]
  })
}

# The bucket's one notification configuration. Its owner keeps what was there and adds the two lines of the pipeline.
resource "aws_s3_bucket_notification" "this" {
  bucket      = module.bucket.bucket.name
  eventbridge = true

  topic {
    id            = "uploads"
    topic_arn     = aws_sns_topic.uploads.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "uploads/"
  }

  topic {
    id            = "parquet"
    topic_arn     = module.dynalake.topic_arn
    events        = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
    filter_prefix = module.dynalake.data_prefix
    filter_suffix = ".parquet"
  }

  depends_on = [aws_sns_topic_policy.uploads]
}

# What the pipeline's roles may be given at most.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  description = "The most that roles of the pipeline may be given"
  policy      = file("${path.module}/../../apply-policy/boundary.json")
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
