output "database" {
  description = "Name of the Glue database."
  value       = local.database
}

output "table" {
  description = "Name of the Glue table."
  value       = aws_glue_catalog_table.this.name
}

output "location" {
  description = "The data as a URL: s3://bucket/prefix."
  value       = local.location
}

output "data_prefix" {
  description = "Prefix of the Parquet objects."
  value       = local.data_prefix
}

output "error_prefix" {
  description = "Prefix of what could not be delivered; the kinds of error are below it."
  value       = local.error_prefix
}

output "key_columns" {
  description = "Columns that hold the DynamoDB table's key."
  value       = module.schema.key_columns
}

output "target" {
  description = "Where a writer puts this table's rows, as the modules delivery, direct and glue_job take it: { bucket, database, table, data_prefix, error_prefix, partition_by, partition_granularity }."
  value = {
    bucket                = var.bucket
    database              = aws_glue_catalog_table.this.database_name
    table                 = aws_glue_catalog_table.this.name
    data_prefix           = local.data_prefix
    error_prefix          = local.error_prefix
    partition_by          = var.partition_by
    partition_granularity = var.partition_granularity
  }
}

output "databricks_table" {
  description = "The table as the module databricks_access takes it in `tables`: { name, data_prefix, schema }."
  value = {
    name        = aws_glue_catalog_table.this.name
    data_prefix = local.data_prefix
    schema      = var.schema
  }
}
