# S3 → SNS → SQS. Why SNS is in between: a queue has one consumer, which deletes what it reads, and S3 sends the events
# under a prefix to one place only. With a topic each consumer has its own queue, added later without a change to the
# bucket; and some consumers, such as Snowpipe, subscribe only to a topic.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "this" {
  service_name = "logs"
}

locals {
  topic_arn = var.topic == null ? aws_sns_topic.this[0].arn : var.topic.arn

  replace      = coalesce(var.notifications, var.topic == null ? "replace" : "topic") == "replace"
  watch_errors = local.replace && length(var.error_prefixes) > 0

  # Of each topic that we make; Resource is added there.
  topic_policy = [
    {
      Sid       = "AllowBucketToPublish"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sns:Publish"
      Condition = {
        # A bucket's ARN names no account, and once the bucket is deleted anyone may take its name.
        StringEquals = { "aws:SourceAccount" = coalesce(var.bucket.account_id, data.aws_caller_identity.this.account_id) }
        ArnEquals    = { "aws:SourceArn" = var.bucket.arn }
      }
    },
    {
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      # Named one by one: a topic's policy accepts only the actions on a topic, and rejects sns:*.
      Action = [
        "sns:AddPermission",
        "sns:DeleteTopic",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:Publish",
        "sns:RemovePermission",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
      ]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
  ]

  # Built from text, because the queues name each other and, in their policies, themselves.
  queue_names = { this = var.name, dead_letter = "${var.name}-dead-letters", errors = "${var.name}-errors" }
  queue_arns = { for queue, name in local.queue_names :
    queue => "arn:${data.aws_partition.this.partition}:sqs:${data.aws_service_principal.this.region}:${data.aws_caller_identity.this.account_id}:${name}"
  }

  queue_policies = { for queue, arn in local.queue_arns : queue => jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopicToSend"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = arn
        # The ARN holds the account as well.
        Condition = { ArnEquals = { "aws:SourceArn" = queue == "errors" ? one(aws_sns_topic.errors[*].arn) : local.topic_arn } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        # The actions on messages and on the queue: SQS accepts at most seven in a statement.
        Action = [
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:GetQueueUrl",
          "sqs:PurgeQueue",
          "sqs:ReceiveMessage",
          "sqs:SendMessage",
        ]
        Resource  = arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  }) }
}
