output "topic_arn" {
  description = "ARN of the topic that gets the bucket's events: subscribe the queues of more consumers, or Snowpipe, to it. Known once the bucket may publish to it and the queue is subscribed."
  value       = local.topic_arn

  depends_on = [aws_sns_topic_policy.this, aws_sns_topic_subscription.this]
}

output "error_topic_arn" {
  description = "ARN of the topic that gets the event of each object of the error prefixes, and S3's test events; null without them, or if the bucket's notifications are someone else's."
  value       = one(aws_sns_topic.errors[*].arn)
}

output "error_queue_name" {
  description = "Name of the queue that counts these objects, for the alarm error-objects; null without the topic."
  value       = local.watch_errors ? "${var.name}-errors" : null
}

output "ready" {
  description = "Known once an object's event reaches the queue, as far as it is this module that connects them. Pass it to the module stream as `ready`, so that no object comes before."
  value       = aws_sns_topic_subscription.this.arn

  depends_on = [aws_s3_bucket_notification.this]
}

output "queue_name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "queue_url" {
  description = "URL of the queue, for a Unity Catalog external location (provided_sqs) or Auto Loader (cloudFiles.queueUrl)."
  value       = aws_sqs_queue.this.url
}

output "queue_arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.name
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.url
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.arn
}
