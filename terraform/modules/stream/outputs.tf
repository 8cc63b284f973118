output "name" {
  description = "Name of the Kinesis data stream."
  value       = aws_kinesis_stream.this.name
}

output "arn" {
  description = "ARN of the Kinesis data stream."
  value       = aws_kinesis_stream.this.arn
}

output "retention_hours" {
  description = "How long the stream keeps changes, in hours."
  value       = aws_kinesis_stream.this.retention_period
}

output "tables" {
  description = "Names of the tables whose changes go into the stream."
  value       = [for destination in aws_dynamodb_kinesis_streaming_destination.this : destination.table_name]
}
