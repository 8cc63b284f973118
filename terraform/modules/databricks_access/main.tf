data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition

  # Built from text, not read from the role, so that it is known before the role exists. A storage credential that needs
  # it can then come first and give the external id to the role's trust, in one apply and without a cycle.
  role_arn = "arn:${local.partition}:iam::${local.account}:role${var.role_path}${var.name}"

  # Databricks makes up the external id when it makes the storage credential, which needs the role. Until then the
  # trust holds a value that nobody can send: sts:AssumeRole takes letters, digits and _+=,.@:/- only, and no space.
  external_id = var.external_id == null ? "(none yet: see the output next_steps)" : var.external_id
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Databricks Unity Catalog: reads s3://${var.bucket.name} and the queue of its new files"
  tags                 = var.tags

  # Databricks assumes this role from a role of its own: role chaining, for which AWS allows an hour at most.
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "UnityCatalogAssumesRole"
        Effect    = "Allow"
        Principal = { AWS = var.unity_catalog_role_arn }
        Action    = "sts:AssumeRole"
        # One role of Databricks serves all its customers; the external id distinguishes them.
        Condition = { StringEquals = { "sts:ExternalId" = local.external_id } }
      },
      # Databricks requires that the role can assume itself. IAM rejects a principal that doesn't exist yet, such as the
      # role itself while it is being made, so the principal is the account and the condition narrows it to the role.
      {
        Sid       = "RoleAssumesItself"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "sts:AssumeRole"
        Condition = {
          ArnLike      = { "aws:PrincipalArn" = local.role_arn }
          StringEquals = { "sts:ExternalId" = local.external_id }
        }
      },
    ]
  })
}

# Reading only. Above all no s3:PutBucketNotification: with it, an external location left at "Automatic" would replace
# the bucket's notification with its own, and the pipeline's queue would get nothing more.
resource "aws_iam_role_policy" "this" {
  name = "read"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid    = "ReadObjects"
          Effect = "Allow"
          Action = "s3:GetObject"
          # And the prefix itself without its slash, which is the external location's URL: for that key S3 should answer
          # that it doesn't exist, not that it is forbidden.
          Resource = flatten([for prefix in var.prefixes : ["${var.bucket.arn}/${prefix}*", "${var.bucket.arn}/${trimsuffix(prefix, "/")}"]])
        },
        {
          Sid       = "ListPrefixes"
          Effect    = "Allow"
          Action    = "s3:ListBucket"
          Resource  = var.bucket.arn
          Condition = { StringLike = { "s3:prefix" = flatten([for prefix in var.prefixes : ["${prefix}*", trimsuffix(prefix, "/")]]) } }
        },
        {
          Sid      = "KnowBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:GetBucketNotification"]
          Resource = var.bucket.arn
        },
        {
          Sid    = "ReadQueue"
          Effect = "Allow"
          Action = [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:PurgeQueue",
            "sqs:ReceiveMessage",
          ]
          Resource = var.queue_arn
        },
        {
          Sid      = "AssumeItself"
          Effect   = "Allow"
          Action   = "sts:AssumeRole"
          Resource = local.role_arn
        },
      ],
      var.kms_key == null ? [] : [
        {
          Sid      = "DecryptObjectsAndMessages"
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = var.kms_key.arn
          Condition = {
            StringEquals = {
              "kms:ViaService" = [for service in ["s3", "sqs"] : "${service}.${split(":", var.kms_key.arn)[3]}.${data.aws_partition.this.dns_suffix}"]
            }
          }
        },
      ],
      # Where the bucket has a key of its own.
      [for key in [var.bucket_kms_key] : {
        Sid       = "DecryptObjects"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = key.arn
        Condition = { StringEquals = { "kms:ViaService" = ["s3.${split(":", key.arn)[3]}.${data.aws_partition.this.dns_suffix}"] } }
      } if key != null && try(key.arn != var.kms_key.arn, true)],
    )
  })
}
