mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name   = "orders"
  bucket = { name = "orders-123456789012-eu-central-1", arn = "arn:aws:s3:::orders-123456789012-eu-central-1" }
  schema = {
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string", comment = "partition key" }]
  }
}

run "athena_finds_partitions_by_projection" {
  assert {
    condition = tomap({ for name, value in aws_glue_catalog_table.this.parameters : name => value }) == tomap({
      EXTERNAL                      = "TRUE"
      classification                = "parquet"
      "projection.enabled"          = "true"
      "projection.dt.type"          = "date"
      "projection.dt.format"        = "yyyy-MM-dd"
      "projection.dt.range"         = "2025-01-01,NOW"
      "projection.dt.interval"      = "1"
      "projection.dt.interval.unit" = "DAYS"
      "projection.hour.type"        = "integer"
      "projection.hour.range"       = "0,23"
      "projection.hour.digits"      = "2"
      "storage.location.template"   = "s3://orders-123456789012-eu-central-1/data/orders/dt=$${dt}/hour=$${hour}/"
    })
    error_message = "The projection fits the prefix."
  }
  assert {
    condition     = join(",", aws_glue_catalog_table.this.partition_keys[*].name) == "dt,hour"
    error_message = "Partition keys in the prefix's order."
  }
}

run "by_day" {
  variables {
    partition_granularity = "day"
  }
  assert {
    condition     = join(",", aws_glue_catalog_table.this.partition_keys[*].name) == "dt" && aws_glue_catalog_table.this.parameters["storage.location.template"] == "s3://orders-123456789012-eu-central-1/data/orders/dt=$${dt}/" && !contains(keys(aws_glue_catalog_table.this.parameters), "projection.hour.type")
    error_message = "The table's partitions are those of the prefix."
  }
}

run "columns_are_those_of_the_schema_then_the_metadata" {
  variables {
    retained_columns = [{ name = "discount", type = "int" }]
  }
  assert {
    condition = join(",", [for column in aws_glue_catalog_table.this.storage_descriptor[0].columns : "${column.name}:${column.type}"]) == join(",", [
      "order_id:string", "_event_type:string", "_event_time:timestamp", "_event_id:string", "_table:string", "_sequence:string",
      "_ttl_delete:boolean", "_old:string", "_rescued:string", "discount:int"
    ])
    error_message = "Declared, metadata, retained."
  }
}

run "given_database_is_used" {
  variables {
    name     = null
    database = "lake"
    table    = "orders_changes"
  }
  assert {
    condition     = length(aws_glue_catalog_database.this) == 0 && aws_glue_catalog_table.this.database_name == "lake" && aws_glue_catalog_table.this.name == "orders_changes"
    error_message = "The given database, and the table's own name."
  }
}

run "the_direct_function_names_its_folders_as_the_lake_does" {
  variables {
    via = "direct"
    schema = {
      table   = "Orders.Prod"
      keys    = ["orderId"]
      columns = [{ name = "order_id", type = "string" }]
    }
  }
  assert {
    condition     = output.data_prefix == "data/orders_prod/" && output.error_prefix == "errors/orders_prod/" && output.table == "orders_prod"
    error_message = "The function joins prefix and name."
  }
}

run "firehose_has_the_folder_of_before" {
  variables {
    schema = {
      table   = "Orders.Prod"
      keys    = ["orderId"]
      columns = [{ name = "order_id", type = "string" }]
    }
  }
  assert {
    condition     = output.data_prefix == "data/Orders.Prod/" && aws_glue_catalog_table.this.partition_keys[0].comment == "Day that the change arrived, UTC"
    error_message = "Nothing moves for those who have data."
  }
}

run "rejects_another_way" {
  command = plan
  variables { via = "pipes" }
  expect_failures = [var.via]
}

run "rejects_a_column_named_as_a_partition" {
  command = plan
  variables {
    schema = {
      table   = "orders"
      keys    = ["orderId"]
      columns = [{ name = "order_id", type = "string" }, { name = "hour", type = "int" }]
    }
  }
  expect_failures = [aws_glue_catalog_table.this]
}

run "rejects_a_retained_column_that_is_still_in_the_schema" {
  command = plan
  variables {
    retained_columns = [{ name = "order_id", type = "string" }]
  }
  expect_failures = [aws_glue_catalog_table.this]
}

run "rejects_errors_within_the_data" {
  command = plan
  variables {
    data_prefix  = "orders/"
    error_prefix = "orders/errors/"
  }
  expect_failures = [aws_glue_catalog_table.this]
}

run "rejects_errors_within_the_data_by_default" {
  command = plan
  variables { error_prefix = "data/" }
  expect_failures = [aws_glue_catalog_table.this]
}

run "rejects_data_within_the_errors_by_default" {
  command = plan
  variables { data_prefix = "errors/" }
  expect_failures = [aws_glue_catalog_table.this]
}

run "rejects_a_prefix_without_slash" {
  command = plan
  variables { data_prefix = "data/orders" }
  expect_failures = [var.data_prefix]
}

run "rejects_another_partitioning" {
  command = plan
  variables { partition_by = "month" }
  expect_failures = [var.partition_by]
}

run "rejects_another_granularity" {
  command = plan
  variables { partition_granularity = "minute" }
  expect_failures = [var.partition_granularity]
}

run "rejects_a_projection_start_that_is_not_a_day" {
  command = plan
  variables { projection_start = "2025-02-30" }
  expect_failures = [var.projection_start]
}

run "rejects_a_database_that_athena_does_not_accept" {
  command = plan
  variables {
    name     = null
    database = "my-lake"
  }
  expect_failures = [var.database]
}

run "rejects_a_table_that_athena_does_not_accept" {
  command = plan
  variables { table = "Orders" }
  expect_failures = [var.table]
}

run "a_database_is_made_by_the_name" {
  variables { name = "Team-Orders" }
  assert {
    condition     = aws_glue_catalog_database.this[0].name == "team_orders" && output.target.database == "team_orders"
    error_message = "As Athena accepts it."
  }
}

run "prefixes_may_be_below_another" {
  variables { prefixes = { data = "lake/data/", errors = "lake/errors/" } }
  assert {
    condition     = output.location == "s3://orders-123456789012-eu-central-1/lake/data/orders/" && output.error_prefix == "lake/errors/orders/"
    error_message = "The table's name follows."
  }
}

run "writers_get_all_they_need" {
  variables {
    bucket = { name = "lake", arn = "arn:aws:s3:::lake", kms_key = { arn = "arn:aws:kms:eu-central-1:210987654321:key/1" }, account_id = "210987654321" }
  }
  assert {
    condition = jsonencode(output.target) == jsonencode({
      bucket                = var.bucket
      database              = "orders"
      table                 = "orders"
      data_prefix           = "data/orders/"
      error_prefix          = "errors/orders/"
      partition_by          = "arrival"
      partition_granularity = "hour"
    })
    error_message = "Bucket with its key and account, table, prefixes, partitions."
  }
}

run "readers_are_told_that_it_is_parquet" {
  assert {
    condition = (
      aws_glue_catalog_table.this.parameters["classification"] == "parquet"
      && aws_glue_catalog_table.this.storage_descriptor[0].ser_de_info[0].serialization_library == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      && aws_glue_catalog_table.this.storage_descriptor[0].input_format == "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    )
    error_message = "The objects are Parquet, and the table says so."
  }
}

run "rejects_neither_a_database_nor_a_name_for_one" {
  command = plan
  variables { name = null }
  expect_failures = [var.name]
}

run "rejects_both_a_database_and_a_name_for_one" {
  command = plan
  variables { database = "lake" }
  expect_failures = [var.name]
}

run "rejects_a_bucket_arn_with_a_key" {
  command = plan
  variables { bucket = { name = "lake", arn = "arn:aws:s3:::lake/data/" } }
  expect_failures = [var.bucket]
}

run "rejects_a_prefix_of_all_without_slash" {
  command = plan
  variables { prefixes = { data = "lake" } }
  expect_failures = [var.prefixes]
}

run "rejects_an_expression_in_the_error_prefix" {
  command = plan
  variables { error_prefix = "errors/!{timestamp:yyyy}/" }
  expect_failures = [var.error_prefix]
}

run "a_stated_name_names_table_and_folders" {
  command = plan
  variables {
    schema = {
      name    = "invoices"
      table   = "Shop-2"
      keys    = ["PK"]
      where   = { PK = ["INVOICE#*"] }
      columns = [{ name = "pk", type = "string" }]
    }
  }
  assert {
    condition     = aws_glue_catalog_table.this.name == "invoices" && output.data_prefix == "data/invoices/" && output.error_prefix == "errors/invoices/"
    error_message = "Two views of one DynamoDB table have different tables and folders."
  }
}

run "without_a_stated_name_the_folder_is_the_dynamodb_tables" {
  command = plan
  variables {
    schema = {
      table   = "Shop-2"
      keys    = ["PK"]
      columns = [{ name = "pk", type = "string" }]
    }
  }
  assert {
    condition     = aws_glue_catalog_table.this.name == "shop_2" && output.data_prefix == "data/Shop-2/"
    error_message = "Objects of pipelines that exist must not move."
  }
}

run "by_spark_the_folder_is_firehoses_and_partitions_are_hours_of_changes" {
  command = plan
  variables {
    via          = "spark"
    partition_by = "event_time"
  }
  assert {
    condition     = output.target.partition_by == "event_time" && output.target.partition_granularity == "hour"
    error_message = "As the job writes them."
  }
}

run "rejects_spark_by_arrival" {
  command = plan
  variables { via = "spark" }
  expect_failures = [var.partition_by]
}
