data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "here" {
  service_name = "logs"
}

locals {
  partition   = data.aws_partition.this.partition
  table_arns  = [for table in var.table_names : "arn:${local.partition}:dynamodb:${data.aws_service_principal.here.region}:${data.aws_caller_identity.this.account_id}:table/${table}"]
  export_arn  = "arn:${local.partition}:s3:::${var.exports.bucket}"
  export_keys = "${var.exports.prefix}${var.exports.prefix == "" ? "" : "/"}AWSDynamoDB/*"

  # Without duplicates: the exports may be in the lake's own bucket.
  key_arns = distinct([for key in [var.exports.kms_key, var.bucket.kms_key, try(var.on_failure_bucket.kms_key, null)] : key.arn if key != null])
}

# A policy and no role: who loads an export differs, from a person to a job in CI.
resource "aws_iam_policy" "this" {
  name        = var.name
  path        = var.path
  description = "Exports of DynamoDB tables to s3://${var.exports.bucket}, and their rows and replays to s3://${var.bucket.name}"
  tags        = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "StartExports"
          Effect   = "Allow"
          Action   = ["dynamodb:DescribeContinuousBackups", "dynamodb:ExportTableToPointInTime", "dynamodb:ListExports"]
          Resource = local.table_arns
        },
        {
          Sid      = "WatchExports"
          Effect   = "Allow"
          Action   = "dynamodb:DescribeExport"
          Resource = [for arn in local.table_arns : "${arn}/export/*"]
        },
        # DynamoDB writes an export with the rights of whoever starts it.
        {
          Sid      = "WriteAndReadExports"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"]
          Resource = "${local.export_arn}/${local.export_keys}"
        },
        {
          Sid       = "ListExportedFiles"
          Effect    = "Allow"
          Action    = "s3:ListBucket"
          Resource  = local.export_arn
          Condition = { StringLike = { "s3:prefix" = local.export_keys } }
        },
        {
          Sid      = "WriteRows"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
          Resource = [for prefix in var.data_prefixes : "${var.bucket.arn}/${prefix}*"]
        },
        {
          Sid      = "ReadErrors"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = [for prefix in var.error_prefixes : "${var.bucket.arn}/${prefix}*"]
        },
        {
          Sid       = "ListRowsAndErrors"
          Effect    = "Allow"
          Action    = "s3:ListBucket"
          Resource  = var.bucket.arn
          Condition = { StringLike = { "s3:prefix" = [for prefix in concat(var.data_prefixes, var.error_prefixes) : "${prefix}*"] } }
        },
      ],
      flatten([for bucket in [var.on_failure_bucket] : [
        {
          Sid      = "ReadWhatWasGivenUp"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = "${bucket.arn}/aws/lambda/*"
        },
        {
          Sid       = "ListWhatWasGivenUp"
          Effect    = "Allow"
          Action    = "s3:ListBucket"
          Resource  = bucket.arn
          Condition = { StringLike = { "s3:prefix" = "aws/lambda/*" } }
        },
      ] if bucket != null]),
      length(local.key_arns) == 0 ? [] : [{
        Sid       = "UseKeys"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = local.key_arns
        Condition = { StringLike = { "kms:ViaService" = "s3.*.${data.aws_partition.this.dns_suffix}" } }
      }],
    )
  })
}
