data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition

  # Made of text, not taken from the role: so it is known before the role is there, and a storage credential that
  # needs it can come first and give the external id to the role's trust, in one apply and with no circle.
  role_arn = "arn:${local.partition}:iam::${local.account}:role/${var.name}"

  # Databricks makes up the external id when it makes the storage credential, which needs the role. Until then the
  # trust holds a value that nobody can send: sts:AssumeRole takes letters, digits and _+=,.@:/- only, and no space.
  external_id = var.external_id == null ? "(none yet: see the output next_steps)" : var.external_id
}

resource "aws_iam_role" "this" {
  name        = var.name
  description = "Databricks Unity Catalog: reads s3://${var.bucket.name} and the queue of its new files"
  tags        = var.tags

  # Databricks comes from a role and goes on to this one by itself: role chaining, for which AWS allows an hour at most.
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "UnityCatalogAssumesRole"
        Effect    = "Allow"
        Principal = { AWS = var.unity_catalog_role_arn }
        Action    = "sts:AssumeRole"
        # One role of Databricks' serves all its customers; the external id tells them apart.
        Condition = { StringEquals = { "sts:ExternalId" = local.external_id } }
      },
      # Databricks wants the role to be able to take on itself. IAM refuses a principal that doesn't exist yet, as the
      # role itself at its making, so the principal is the account and the condition narrows it to the role.
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

# Reading only. Above all no s3:PutBucketNotification: with it an external location left at "Automatic" would put its
# own notification in place of the bucket's one, and the pipeline's queue would fall silent.
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
          # And the prefix itself without its slash, which is the external location's URL: asked for that key, S3 shall
          # say that there is none, and not that it is forbidden.
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
    )
  })
}
