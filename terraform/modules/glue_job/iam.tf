data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "here" {
  service_name = "logs"
}

locals {
  role_arn  = var.role == null ? aws_iam_role.this[0].arn : var.role.arn
  role_name = var.role == null ? aws_iam_role.this[0].name : element(split("/", var.role.arn), -1)
  region    = data.aws_service_principal.here.region
  suffix    = data.aws_partition.current.dns_suffix

  # Without duplicates: both buckets may have one key.
  bucket_keys = distinct([for key in [var.target.bucket.kms_key, local.files_bucket.kms_key, var.kms_key] : key.arn if key != null])
}

resource "aws_iam_role" "this" {
  count = var.role == null ? 1 : 0

  name                 = local.job_name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "The job ${local.job_name}: reads its stream, writes its objects, checkpoint, metrics and logs"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Glue"
      Effect    = "Allow"
      Principal = { Service = "glue.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_355: cloudwatch:PutMetricData alone is on all resources; IAM knows no narrower one for it but its condition.
  #checkov:skip=CKV_AWS_290: The same.
  count = var.role == null ? 1 : 0

  name = "spark"
  role = aws_iam_role.this[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "OwnLogs"
          Effect   = "Allow"
          Action   = concat(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], var.kms_key == null ? [] : ["logs:AssociateKmsKey"])
          Resource = ["arn:${data.aws_partition.current.partition}:logs:${local.region}:${data.aws_caller_identity.current.account_id}:log-group:${local.log_prefix}/*"]
        },
        {
          Sid       = "MetricsOfGlue"
          Effect    = "Allow"
          Action    = ["cloudwatch:PutMetricData"]
          Resource  = ["*"]
          Condition = { StringEquals = { "cloudwatch:namespace" = "Glue" } }
        },
        {
          Sid      = "ReadStream"
          Effect   = "Allow"
          Action   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
          Resource = [var.stream_arn]
        },
        {
          Sid      = "ReadOwnFiles"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = ["${local.files_bucket.arn}/${local.files_prefix}*"]
        },
        # Not the script and the program, which run with this role.
        {
          Sid      = "KeepCheckpoint"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
          Resource = ["${local.files_bucket.arn}/${trimsuffix(local.checkpoint_prefix, "/")}*"]
        },
        {
          Sid       = "ListOwnFiles"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [local.files_bucket.arn]
          Condition = { StringLike = { "s3:prefix" = ["${trimsuffix(local.files_prefix, "/")}*"] } }
        },
        # The program asks for an object whose PUT it got no answer to.
        {
          Sid      = "WriteObjects"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
          Resource = [for prefix in [var.target.data_prefix, var.target.error_prefix] : "${var.target.bucket.arn}/${prefix}*"]
        },
        {
          Sid       = "FindObjects"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [var.target.bucket.arn]
          Condition = { StringLike = { "s3:prefix" = [for prefix in [var.target.data_prefix, var.target.error_prefix] : "${prefix}*"] } }
        },
      ],
      [for key in [var.stream_kms_key] : {
        Sid       = "ReadEncryptedStream"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [key.arn]
        Condition = { StringEquals = { "kms:ViaService" = ["kinesis.${local.region}.${local.suffix}"] } }
      } if key != null],
      length(local.bucket_keys) == 0 ? [] : [{
        Sid       = "UseEncryptedObjects"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = local.bucket_keys
        Condition = { StringEquals = { "kms:ViaService" = ["s3.${local.region}.${local.suffix}"] } }
      }],
    )
  })
}
