output "job_name" {
  description = "Name of the job, the dimension of its metrics."
  value       = aws_glue_job.this.name
}

output "job_arn" {
  description = "ARN of the job: pass it to the module destination as one of `consumers`."
  value       = aws_glue_job.this.arn
}

output "trigger_name" {
  description = "Name of the trigger that starts the job where it isn't running."
  value       = aws_glue_trigger.watchdog.name
}

output "checkpoint_location" {
  description = "Where the job keeps how far it has read, as a URL."
  value       = local.checkpoint_location
}

output "log_group_name" {
  description = "Name of the log group with what the script prints; Spark's own log is in that which ends in /error."
  value       = aws_cloudwatch_log_group.this["output"].name
}

output "failed_runs_rule" {
  description = "Name of the EventBridge rule that counts runs that failed, for the module monitoring."
  value       = aws_cloudwatch_event_rule.failed_runs.name
}

output "failed_runs_queue_url" {
  description = "URL of the queue that holds Glue's event of each run that failed, for 14 days."
  value       = aws_sqs_queue.failed_runs.url
}

output "role_arn" {
  description = "ARN of the job's role. A bucket in another account has to let it write."
  value       = local.role_arn
}
