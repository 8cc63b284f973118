module "schema" {
  source = "../schema"
  schema = var.schema
}

locals {
  # Firehose's folder has the DynamoDB table's name as it is. The direct function makes its folders itself, from the names of
  # the tables in the lake.
  folder       = var.via == "direct" ? module.schema.table_name_in_glue : module.schema.folder
  data_prefix  = coalesce(var.data_prefix, "${var.prefixes.data}${local.folder}/")
  error_prefix = coalesce(var.error_prefix, "${var.prefixes.errors}${local.folder}/")
  location     = "s3://${var.bucket.name}/${local.data_prefix}"
  by_hour      = var.partition_granularity == "hour"
}
