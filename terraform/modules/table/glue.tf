locals {
  database = var.database == null ? aws_glue_catalog_database.this[0].name : var.database
  table    = coalesce(var.table, module.schema.table_name_in_glue)
  columns  = concat(module.schema.columns, var.retained_columns)

  partition_keys = concat(
    [{ name = "dt", comment = var.partition_by == "event_time" ? "Day of the change, UTC" : "Day that the change arrived, UTC" }],
    local.by_hour ? [{ name = "hour", comment = "Hour of that day, 00 to 23" }] : [],
  )
}

resource "aws_glue_catalog_database" "this" {
  count = var.database == null ? 1 : 0

  name        = replace(lower(var.name), "/[^a-z0-9_]/", "_")
  description = "Changes of DynamoDB tables, by dynalake"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "this" {
  name          = local.table
  database_name = local.database
  description   = "Changes of the DynamoDB table ${module.schema.table}, one row each"
  table_type    = "EXTERNAL_TABLE"

  # Partition projection: Athena works partitions out by itself, so a new object can be read at once, and there is no
  # crawler that might change the columns. https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
  parameters = merge(
    {
      EXTERNAL                      = "TRUE"
      classification                = "parquet"
      "projection.enabled"          = "true"
      "projection.dt.type"          = "date"
      "projection.dt.format"        = "yyyy-MM-dd"
      "projection.dt.range"         = "${var.projection_start},NOW"
      "projection.dt.interval"      = "1"
      "projection.dt.interval.unit" = "DAYS"
      "storage.location.template"   = "${local.location}dt=$${dt}/${local.by_hour ? "hour=$${hour}/" : ""}"
    },
    local.by_hour ? {
      "projection.hour.type"   = "integer"
      "projection.hour.range"  = "0,23"
      "projection.hour.digits" = "2"
    } : {},
  )

  storage_descriptor {
    location      = local.location
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      name                  = "parquet"
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns
      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }

  dynamic "partition_keys" {
    for_each = local.partition_keys
    content {
      name    = partition_keys.value.name
      type    = "string"
      comment = partition_keys.value.comment
    }
  }

  lifecycle {
    precondition {
      condition     = !startswith(local.error_prefix, local.data_prefix) && !startswith(local.data_prefix, local.error_prefix)
      error_message = "error_prefix: ${local.error_prefix} and data_prefix ${local.data_prefix} are one inside the other, so readers of the data would find objects that are not Parquet. Set both, to separate prefixes."
    }
    precondition {
      condition     = length(setintersection(local.columns[*].name, local.partition_keys[*].name)) == 0
      error_message = "schema: a column has the name of a partition (${join(", ", local.partition_keys[*].name)}); give it another, and name the attribute by \"path\"."
    }
    precondition {
      condition     = length(distinct(local.columns[*].name)) == length(local.columns)
      error_message = "retained_columns: ${join(", ", setintersection(module.schema.columns[*].name, var.retained_columns[*].name))} is still a column of the schema or of the metadata; remove it here."
    }
  }
}
