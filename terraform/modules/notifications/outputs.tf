output "topic_arn" {
  description = "ARN of the topic to which the bucket's events go: subscribe further consumers' queues, or Snowpipe, to it."
  value       = local.topic_arn
}

output "ready" {
  description = "Known once an object's event reaches the queue: what the module stream's `ready` asks for, so that no object comes before."
  value       = aws_sns_topic_subscription.this.arn

  depends_on = [aws_s3_bucket_notification.this]
}

output "queue_name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "queue_url" {
  description = "URL of the queue: what a Unity Catalog external location (provided_sqs) or Auto Loader (cloudFiles.queueUrl) asks for."
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
