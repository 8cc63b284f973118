output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "alias_arn" {
  description = "ARN of the alias `live`, which the mapping invokes: the version that was checked last."
  value       = aws_lambda_alias.live.arn
}

output "version" {
  description = "Number of the published version that the alias points at."
  value       = aws_lambda_alias.live.function_version
}

output "timeout_seconds" {
  description = "How long one invocation may take, in seconds."
  value       = aws_lambda_function.this.timeout
}

output "mapping_uuid" {
  description = "UUID of the event source mapping, the dimension of its metrics."
  value       = aws_lambda_event_source_mapping.this.uuid
}

output "mapping_arn" {
  description = "ARN of the event source mapping: pass it to the module destination as one of `consumers`."
  value       = aws_lambda_event_source_mapping.this.arn
}

output "source_arn" {
  description = "ARN of the stream that the function reads."
  value       = aws_lambda_event_source_mapping.this.event_source_arn
}

output "maximum_record_age_seconds" {
  description = "Age at which Lambda gives a record up and puts its batch into the on-failure bucket, in seconds."
  value       = aws_lambda_event_source_mapping.this.maximum_record_age_in_seconds
}

output "batching_window_seconds" {
  description = "How long a batch is gathered, in seconds."
  value       = aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds
}

output "on_failure_location" {
  description = "Where Lambda puts the batches that it gives up, as a URL for `dynalake replay`."
  value       = "s3://${var.on_failure_bucket.name}/aws/lambda/${aws_lambda_event_source_mapping.this.uuid}/"
}

output "log_group_name" {
  description = "Name of the function's log group, which also carries its metrics."
  value       = aws_cloudwatch_log_group.this.name
}

output "role_arn" {
  description = "ARN of the function's role. A bucket in another account has to let it write."
  value       = local.role_arn
}

output "environment_bytes" {
  description = "Size of the function's environment in bytes; Lambda allows 4,096."
  value       = local.environment_bytes
}
