output "delivery_stream_name" {
  description = "Name of the Firehose delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this.name
}

output "delivery_stream_arn" {
  description = "ARN of the delivery stream: pass it to the module stream as `consumers`."
  value       = aws_kinesis_firehose_delivery_stream.this.arn
}

output "role_arn" {
  description = "ARN of the delivery stream's role. A bucket in another account has to let it write."
  value       = local.role_arn
}

output "prefix_expression" {
  description = "Prefix of the Parquet objects with the date's expression, as Firehose has it."
  value       = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix
}

output "buffering_interval_seconds" {
  description = "How long Firehose gathers rows before it writes an object, in seconds."
  value       = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_interval
}

output "log_group_name" {
  description = "Name of the log group of Firehose's errors."
  value       = aws_cloudwatch_log_group.this.name
}
