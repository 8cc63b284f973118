# The policies are in the queues, not in resources of their own. So no queue is ever without one, and Terraform, which
# waits 25 seconds after each change of a queue, waits twice and not four times.

resource "aws_sqs_queue" "this" {
  name                      = local.queue_names.this
  policy                    = local.queue_policies.this
  message_retention_seconds = var.message_retention_days * 86400

  # Long polling: a receive waits for a message, so an idle queue costs three calls a minute and a message is seen
  # at once.
  receive_wait_time_seconds = 20

  # How long a consumer has to store what it read before the message appears again. A micro-batch takes longer than SQS'
  # 30 seconds, and each time it appears again counts towards max_receive_count.
  visibility_timeout_seconds = 300

  # SSE-SQS if there is no customer managed key. Not alias/aws/sqs: SNS can't be granted that.
  sqs_managed_sse_enabled           = var.kms_key == null ? true : null
  kms_master_key_id                 = var.kms_key == null ? null : var.kms_key.arn
  kms_data_key_reuse_period_seconds = var.kms_key == null ? null : 300

  redrive_policy = jsonencode({
    # From the resource, because SQS rejects a dead-letter queue that doesn't exist.
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = var.max_receive_count
  })

  tags = var.tags
}

# Gets what a consumer received max_receive_count times and never deleted, and what SNS could not put into the queue.
resource "aws_sqs_queue" "dead_letter" {
  name   = local.queue_names.dead_letter
  policy = local.queue_policies.dead_letter

  # The maximum, whatever the queue has: a message keeps its age when it moves here.
  message_retention_seconds = 14 * 86400

  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key == null ? true : null
  kms_master_key_id                 = var.kms_key == null ? null : var.kms_key.arn
  kms_data_key_reuse_period_seconds = var.kms_key == null ? null : 300

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns.this]
  })

  tags = var.tags
}

# Nobody reads it: its metric counts the objects of the error prefixes, and the module monitoring has an alarm on that.
# The topic's own metric would count S3's test event too, which comes each time the notification is made.
resource "aws_sqs_queue" "errors" {
  count = local.watch_errors ? 1 : 0

  name   = local.queue_names.errors
  policy = local.queue_policies.errors

  # The minimum: the objects themselves stay under the prefix.
  message_retention_seconds = 60

  sqs_managed_sse_enabled           = var.kms_key == null ? true : null
  kms_master_key_id                 = var.kms_key == null ? null : var.kms_key.arn
  kms_data_key_reuse_period_seconds = var.kms_key == null ? null : 300

  tags = var.tags
}

resource "aws_sns_topic_subscription" "errors" {
  count = local.watch_errors ? 1 : 0

  topic_arn = aws_sns_topic.errors[0].arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.errors[0].arn

  # The test event has no Records.
  raw_message_delivery = true
  filter_policy_scope  = "MessageBody"
  filter_policy        = jsonencode({ Records = { eventName = [{ prefix = "ObjectCreated" }] } })
}

resource "aws_sns_topic_subscription" "this" {
  topic_arn = local.topic_arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.this.arn

  # The S3 event stays inside SNS' envelope, which is the layout that Databricks sets up for itself. Whether its file
  # events also accept the bare event is not documented.
  raw_message_delivery = false

  # SNS doesn't retry if a queue rejects an event because of its policy or its key; without this it would be lost.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letter.arn })
}
