output "tables" {
  description = "Names of the tables whose changes go into the stream."
  value       = [for destination in aws_dynamodb_kinesis_streaming_destination.this : destination.table_name]
}
