output "delivery_stream_name" {
  description = "Name of the Firehose delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this.name
}

output "delivery_stream_arn" {
  description = "ARN of the delivery stream: pass it to the module stream as `consumers`."
  value       = aws_kinesis_firehose_delivery_stream.this.arn
}

output "role_arn" {
  description = "ARN of the delivery stream's role. A Glue database that Lake Formation governs must grant it DESCRIBE and SELECT."
  value       = aws_iam_role.this.arn
}

output "bucket" {
  description = "The bucket: { name, arn }, as other modules take it."
  value       = local.bucket
}

output "data_prefix" {
  description = "Prefix of the Parquet objects."
  value       = local.data_prefix
}

output "error_prefix" {
  description = "Prefix of what could not be delivered; the kinds of error are below it."
  value       = local.error_prefix
}

output "prefix_expression" {
  description = "Prefix of the Parquet objects with the date's expression, as Firehose has it."
  value       = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix
}

output "buffering_interval_seconds" {
  description = "How long Firehose gathers rows before it writes an object, in seconds."
  value       = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_interval
}

output "location" {
  description = "The data as a URL: s3://bucket/prefix."
  value       = local.location
}

output "database" {
  description = "Name of the Glue database."
  value       = local.database
}

output "table" {
  description = "Name of the Glue table."
  value       = aws_glue_catalog_table.this.name
}

output "key_columns" {
  description = "Columns that hold the DynamoDB table's key."
  value       = module.schema.key_columns
}

output "databricks_table" {
  description = "The table as the module databricks_access takes it in `tables`: { name, data_prefix, schema }."
  value = {
    name        = aws_glue_catalog_table.this.name
    data_prefix = local.data_prefix
    schema      = var.schema
  }
}

output "log_group_name" {
  description = "Name of the log group of Firehose's errors."
  value       = aws_cloudwatch_log_group.this.name
}
