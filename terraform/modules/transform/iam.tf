data "aws_caller_identity" "current" {}

locals {
  role_arn = var.role == null ? aws_iam_role.this[0].arn : var.role.arn
}

resource "aws_iam_role" "this" {
  count = var.role == null ? 1 : 0

  name                 = "${var.name}-transform"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "The function ${var.name}: its own logs, nothing else"
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
  count = var.role == null ? 1 : 0

  name = "logs"
  role = aws_iam_role.this[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "OwnLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*"
      }],
      # To read its own environment.
      var.kms_key == null ? [] : [{
        Sid      = "OwnEnvironment"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [var.kms_key.arn]
      }],
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
