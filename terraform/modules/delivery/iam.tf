locals {
  role_arn = var.role == null ? aws_iam_role.this[0].arn : var.role.arn
}

resource "aws_iam_role" "this" {
  count = var.role == null ? 1 : 0

  name                 = "${var.name}-firehose"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "The delivery stream ${var.name}: reads the stream, invokes the function, reads the schema, writes the objects"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Firehose"
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Against a confused deputy: Firehose sends the id of the account that it acts for.
      Condition = { StringEquals = { "sts:ExternalId" = local.account } }
    }]
  })
}

# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
resource "aws_iam_role_policy" "this" {
  count = var.role == null ? 1 : 0

  name = "delivery"
  role = aws_iam_role.this[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadStream"
          Effect   = "Allow"
          Action   = ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
          Resource = [var.stream_arn]
        },
        {
          Sid    = "InvokeFunction"
          Effect = "Allow"
          Action = ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"]
          # Any version of this function: while a new one takes over, batches of the old one are still on their way,
          # and a permission granted at the same moment might come too late.
          Resource = ["${var.transform.function_arn}:*"]
        },
        {
          Sid    = "ReadSchema"
          Effect = "Allow"
          Action = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
          # Glue also checks the catalog and the database.
          Resource = [
            "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
            "arn:${local.partition}:glue:${local.region}:${local.account}:database/${var.target.database}",
            "arn:${local.partition}:glue:${local.region}:${local.account}:table/${var.target.database}/${var.target.table}",
          ]
        },
        {
          Sid      = "FindBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
          Resource = [local.bucket.arn]
        },
        {
          Sid    = "WriteObjects"
          Effect = "Allow"
          # In another account's bucket, AWS asks for the ACL too: it gives the owner the object.
          Action   = concat(["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], local.foreign_bucket ? ["s3:PutObjectAcl"] : [])
          Resource = ["${local.bucket.arn}/${var.target.data_prefix}*", "${local.bucket.arn}/${var.target.error_prefix}*"]
        },
        {
          Sid      = "WriteErrorLog"
          Effect   = "Allow"
          Action   = ["logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.this.arn}:log-stream:${aws_cloudwatch_log_stream.this.name}"]
        },
      ],
      [for key in [var.stream_kms_key] : {
        Sid       = "ReadEncryptedStream"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [key.arn]
        Condition = { StringEquals = { "kms:ViaService" = ["kinesis.${local.region}.${data.aws_partition.current.dns_suffix}"] } }
      } if key != null],
      [for key in [local.bucket.kms_key] : {
        Sid       = "WriteEncryptedObjects"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [key.arn]
        Condition = { StringEquals = { "kms:ViaService" = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}"] } }
      } if key != null],
    )
  })
}

moved {
  from = aws_iam_role.this
  to   = aws_iam_role.this[0]
}

moved {
  from = aws_iam_role_policy.this
  to   = aws_iam_role_policy.this[0]
}
