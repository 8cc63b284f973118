output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "ARN of the function without a version, for IAM policies."
  value       = aws_lambda_function.this.arn
}

output "qualified_arn" {
  description = "ARN of the published version that has been checked, which Firehose invokes."
  value       = aws_lambda_function.this.qualified_arn

  # A version that fails the check must not reach Firehose.
  depends_on = [aws_lambda_invocation.check]
}

output "version" {
  description = "Number of the published version."
  value       = aws_lambda_function.this.version
}

output "timeout_seconds" {
  description = "How long one invocation may take, in seconds."
  value       = aws_lambda_function.this.timeout
}

output "log_group_name" {
  description = "Name of the function's log group, which also carries its metrics."
  value       = aws_cloudwatch_log_group.this.name
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = local.role_arn
}

output "partition_by" {
  description = "What the function gives partition keys for: \"arrival\" (none) or \"event_time\"."
  value       = lookup(local.environment, "DYNALAKE_PARTITION_KEYS", "arrival")
}

output "environment_bytes" {
  description = "Size of the function's environment in bytes; Lambda allows 4,096."
  value       = local.environment_bytes
}
