output "name" {
  description = "Name of the Kinesis data stream."
  value       = local.stream.name
}

output "arn" {
  description = "ARN of the Kinesis data stream."
  value       = local.stream.arn
}

output "retention_hours" {
  description = "How long the stream keeps changes, in hours."
  value       = local.stream.retention_hours
}
