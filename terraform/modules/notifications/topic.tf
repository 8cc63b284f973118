# Encryption that S3 can really use: a customer managed key whose policy names s3.amazonaws.com, or none. The
# AWS-managed key (alias/aws/sns) has a policy that nobody can change and that doesn't name S3: with it the
# notification is rejected, or events are dropped without an error anywhere. Only names, sizes and times of objects pass
# through the topic, never what is in them, over TLS, and SNS doesn't keep what it has delivered.
resource "aws_sns_topic" "this" {
  #checkov:skip=CKV_AWS_26: Encrypted where a customer managed key is given. Without one it can't be: S3 can't be granted the AWS-managed key (alias/aws/sns), and its events would be dropped silently.
  count = var.topic == null ? 1 : 0

  name              = var.name
  kms_master_key_id = var.kms_key == null ? null : var.kms_key.arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  count = var.topic == null ? 1 : 0

  arn = aws_sns_topic.this[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "AllowBucketToPublish"
          Effect    = "Allow"
          Principal = { Service = "s3.amazonaws.com" }
          Action    = "sns:Publish"
          Resource  = aws_sns_topic.this[0].arn
          Condition = {
            # A bucket's ARN names no account, and once the bucket is deleted anyone may take its name.
            StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id }
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
          Resource  = aws_sns_topic.this[0].arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
      [for statement in var.additional_topic_policy_statements : merge({ Resource = aws_sns_topic.this[0].arn }, statement)],
    )
  })
}

# The bucket's one and only notification resource: S3 holds one configuration per bucket, and this replaces it whole.
resource "aws_s3_bucket_notification" "this" {
  count = var.topic == null ? 1 : 0

  bucket = var.bucket.name

  dynamic "topic" {
    for_each = var.prefixes

    content {
      id        = "${var.name}-parquet-${topic.key}"
      topic_arn = aws_sns_topic.this[0].arn
      # All ways of creating: Firehose uses PUT for small objects and multipart uploads for large ones. And of removing, by
      # hand or by a lifecycle rule: Databricks keeps a list of the objects, and would look for those that are gone.
      events        = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
      filter_prefix = topic.value
      # So that errors, markers and anything else under the prefix stay out of the queue.
      filter_suffix = ".parquet"
    }
  }

  # S3 tests the topic when the notification is made, so the policy has to exist. And what S3 sends to a topic without a
  # queue is lost, so the subscription comes first.
  depends_on = [aws_sns_topic_policy.this, aws_sns_topic_subscription.this]
}
