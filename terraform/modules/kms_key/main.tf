# One key for the whole pipeline: stream, environment and logs of the function, bucket, topic and queues.
#
# The policy names accounts, services and patterns of ARNs, never a role or another resource of the pipeline. These
# need the key first, so naming them would be a cycle.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "this" {
  service_name = "logs"
}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_service_principal.this.region
  root      = { AWS = "arn:${local.partition}:iam::${local.account}:root" }

  # In a key's policy "*" is the key itself; AWS has no other way to say it while the key is being made.
  this_key = "*"
}

resource "aws_kms_key" "this" {
  description             = "dynalake ${var.name}: stream, function, bucket, notifications and logs"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  tags                    = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The account's root means IAM: IAM policies decide who may do what. The roles of Firehose, of the function and of
      # Databricks reach the key that way, and so does DynamoDB's service-linked role, whose policy allows
      # kms:GenerateDataKey through Kinesis. The actions are those of a symmetric key, instead of kms:*;
      # kms:PutKeyPolicy is one of them, so nobody is ever locked out.
      {
        Sid       = "AccountAdministers"
        Effect    = "Allow"
        Principal = local.root
        Action = [
          "kms:CancelKeyDeletion",
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:DescribeKey",
          "kms:DisableKey",
          "kms:DisableKeyRotation",
          "kms:EnableKey",
          "kms:EnableKeyRotation",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListGrants",
          "kms:ListKeyPolicies",
          "kms:ListKeyRotations",
          "kms:ListResourceTags",
          "kms:PutKeyPolicy",
          "kms:RetireGrant",
          "kms:RevokeGrant",
          "kms:RotateKeyOnDemand",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ]
        Resource = local.this_key
      },
      {
        Sid       = "AccountUses"
        Effect    = "Allow"
        Principal = local.root
        Action = [
          "kms:Decrypt",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource = local.this_key
      },
      # Lambda and DynamoDB make a grant for themselves when a function's environment or a table is encrypted with the key.
      {
        Sid       = "AccountGrantsToServices"
        Effect    = "Allow"
        Principal = local.root
        Action    = "kms:CreateGrant"
        Resource  = local.this_key
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
      # S3 publishes events in its own name, with no role, so IAM can't grant this.
      {
        Sid       = "S3PublishesToEncryptedTopics"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = local.this_key
        Condition = { StringEquals = { "aws:SourceAccount" = concat([local.account], var.bucket_accounts) } }
      },
      # So does SNS when it delivers. It sends the topic's ARN, which holds the account.
      {
        Sid       = "SnsSendsToEncryptedQueues"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = local.this_key
        Condition = { ArnLike = { "aws:SourceArn" = "arn:${local.partition}:sns:${local.region}:${local.account}:*" } }
      },
      # Alarms publish to topics; one encrypted with another key than this would need the same there.
      {
        Sid       = "AlarmsPublishToEncryptedTopics"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = local.this_key
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      # CloudWatch Logs has a principal for each region, and gives the log group's ARN as encryption context.
      {
        Sid       = "LogsEncryptsLogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.${data.aws_partition.this.dns_suffix}" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = local.this_key
        Condition = {
          ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*" }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
