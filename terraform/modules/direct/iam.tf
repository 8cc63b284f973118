data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "here" {
  service_name = "logs"
}

locals {
  role_arn = var.role == null ? aws_iam_role.this[0].arn : var.role.arn
  region   = data.aws_service_principal.here.region
  suffix   = data.aws_partition.current.dns_suffix

  # Where Lambda puts what it gives up; the key is fixed.
  on_failure_keys = "${var.on_failure_bucket.arn}/aws/lambda/*"

  # Without duplicates: both buckets may have one key.
  bucket_keys = distinct([for key in [local.bucket.kms_key, var.on_failure_bucket.kms_key] : key.arn if key != null])

  read_stream = {
    # Lambda polls with the function's role: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html, with-ddb.html
    kinesis          = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
    dynamodb_streams = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
  }
}

resource "aws_iam_role" "this" {
  count = var.role == null ? 1 : 0

  name                 = local.function_name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "The function ${local.function_name}: reads its stream, writes its objects and logs"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Lambda"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_355: dynamodb:ListStreams alone is on all resources; IAM knows no narrower one for it.
  count = var.role == null ? 1 : 0

  name = "direct"
  role = aws_iam_role.this[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "OwnLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
        },
        {
          Sid      = "ReadStream"
          Effect   = "Allow"
          Action   = local.read_stream[var.changes_from]
          Resource = [local.source_arn]
        },
        {
          Sid      = "WriteObjects"
          Effect   = "Allow"
          Action   = ["s3:PutObject"]
          Resource = flatten([for target in var.targets : ["${local.bucket.arn}/${target.data_prefix}*", "${local.bucket.arn}/${target.error_prefix}*"]])
        },
        # By Lambda itself, with this role.
        {
          Sid      = "WriteWhatIsGivenUp"
          Effect   = "Allow"
          Action   = ["s3:PutObject"]
          Resource = [local.on_failure_keys]
        },
        {
          Sid       = "FindTheBucketForIt"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [var.on_failure_bucket.arn]
          Condition = { StringEquals = { "s3:ResourceAccount" = data.aws_caller_identity.current.account_id } }
        },
      ],
      var.changes_from == "kinesis" ? [] : [{
        Sid      = "ListsThatTakeNoResource"
        Effect   = "Allow"
        Action   = ["dynamodb:ListStreams"]
        Resource = ["*"]
      }],
      [for key in [var.kms_key] : {
        Sid      = "OwnEnvironment"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [key.arn]
      } if key != null],
      [for key in [var.source_kms_key] : {
        Sid       = "ReadEncryptedStream"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [key.arn]
        Condition = { StringEquals = { "kms:ViaService" = ["${var.changes_from == "kinesis" ? "kinesis" : "dynamodb"}.${local.region}.${local.suffix}"] } }
      } if key != null],
      # Decrypt, because S3 asks for it where an object comes in parts: how Lambda writes what it gives up isn't documented.
      length(local.bucket_keys) == 0 ? [] : [{
        Sid       = "WriteEncryptedObjects"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = local.bucket_keys
        Condition = { StringEquals = { "kms:ViaService" = ["s3.${local.region}.${local.suffix}"] } }
      }],
    )
  })
}
