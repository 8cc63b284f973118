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
      [for statement in local.topic_policy : merge(statement, { Resource = aws_sns_topic.this[0].arn })],
      [for statement in var.additional_topic_policy_statements : merge({ Resource = aws_sns_topic.this[0].arn }, statement)],
    )
  })
}

# What lands in the error prefix is published here. Nobody else has to subscribe: a queue counts it (queue.tf).
resource "aws_sns_topic" "errors" {
  #checkov:skip=CKV_AWS_26: As above: encrypted where a customer managed key is given, and can't be without one.
  count = local.watch_errors ? 1 : 0

  name              = "${var.name}-errors"
  kms_master_key_id = var.kms_key == null ? null : var.kms_key.arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "errors" {
  count = local.watch_errors ? 1 : 0

  arn = aws_sns_topic.errors[0].arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.topic_policy : merge(statement, { Resource = aws_sns_topic.errors[0].arn })]
  })
}

# The bucket's one and only notification resource: S3 holds one configuration per bucket, and this replaces it whole.
resource "aws_s3_bucket_notification" "this" {
  count = local.replace ? 1 : 0

  bucket = var.bucket.name
  # Part of the same configuration: left out, it would switch EventBridge off for everybody.
  eventbridge = var.eventbridge

  dynamic "topic" {
    for_each = var.prefixes

    content {
      id        = "${var.name}-parquet-${topic.key}"
      topic_arn = local.topic_arn
      # All ways of creating: Firehose uses PUT for small objects and multipart uploads for large ones. And of removing, by
      # hand or by a lifecycle rule: Databricks keeps a list of the objects, and would look for those that are gone.
      events        = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
      filter_prefix = topic.value
      # So that errors, markers and anything else under the prefix stay out of the queue.
      filter_suffix = ".parquet"
    }
  }

  dynamic "topic" {
    for_each = local.watch_errors ? var.error_prefixes : []

    content {
      id            = "${var.name}-errors-${topic.key}"
      topic_arn     = aws_sns_topic.errors[0].arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = topic.value
    }
  }

  # S3 tests the topics when the notification is made, so the policies have to exist. And what S3 sends to a topic without
  # a queue is lost, so the subscription comes first.
  depends_on = [
    aws_sns_topic_policy.errors, aws_sns_topic_policy.this, aws_sns_topic_subscription.errors, aws_sns_topic_subscription.this,
  ]
}
