output "location" {
  description = "The Parquet objects as a URL."
  value       = module.dynalake.location
}

output "queue_url" {
  description = "URL of the SQS queue with the notifications."
  value       = module.dynalake.queue_url
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream."
  value       = module.dynalake.stream_arn
}

output "table_name" {
  description = "Name of the DynamoDB table."
  value       = module.dynalake.table_name
}

output "bucket" {
  description = "Name of the bucket."
  value       = module.dynalake.bucket
}
