resource "aws_iam_role" "this" {
  name        = "${var.name}-firehose"
  description = "The delivery stream ${var.name}: reads the stream, invokes the function, reads the schema, writes the objects"
  tags        = var.tags

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
  name = "delivery"
  role = aws_iam_role.this.id

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
            "arn:${local.partition}:glue:${local.region}:${local.account}:database/${local.database}",
            "arn:${local.partition}:glue:${local.region}:${local.account}:table/${local.database}/${local.table}",
          ]
        },
        {
          Sid      = "FindBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
          Resource = [local.bucket.arn]
        },
        {
          Sid      = "WriteObjects"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
          Resource = ["${local.bucket.arn}/${local.data_prefix}*", "${local.bucket.arn}/${local.error_prefix}*"]
        },
        {
          Sid      = "WriteErrorLog"
          Effect   = "Allow"
          Action   = ["logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.this.arn}:log-stream:${aws_cloudwatch_log_stream.this.name}"]
        },
      ],
      var.kms_key == null ? [] : [{
        Sid       = "UseKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [var.kms_key.arn]
        Condition = { StringEquals = { "kms:ViaService" = [for service in ["s3", "kinesis"] : "${service}.${local.region}.${data.aws_partition.current.dns_suffix}"] } }
      }],
    )
  })
}
