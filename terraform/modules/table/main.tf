module "schema" {
  source = "../schema"
  schema = var.schema
}

locals {
  data_prefix  = coalesce(var.data_prefix, "${var.prefixes.data}${module.schema.folder}/")
  error_prefix = coalesce(var.error_prefix, "${var.prefixes.errors}${module.schema.folder}/")
  location     = "s3://${var.bucket.name}/${local.data_prefix}"
  by_hour      = var.partition_granularity == "hour"
}
