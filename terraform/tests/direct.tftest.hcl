# The direct way, by itself and beside Firehose.
mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name                    = "orders"
  schema_file             = "../examples/orders.schema.json"
  via                     = "direct"
  function                = { package_file = "metadata_columns.json" } # any file will do: nothing is run here
  iam_propagation_seconds = 0
}

run "one_word_makes_a_pipeline_from_the_tables_own_stream" {
  assert {
    condition     = length(module.stream) == 0 && length(module.destination) == 0 && length(module.transform) == 0 && length(module.delivery) == 0 && keys(module.direct) == ["default"]
    error_message = "No Kinesis, no Firehose."
  }
  assert {
    condition     = output.function_name == "orders-direct" && output.stream_name == null && output.delivery_stream_name == null && output.mapping_uuid == "0a1b" && output.function_version == "1"
    error_message = "A function and its mapping."
  }
  assert {
    condition     = output.location == "s3://orders-123456789012-eu-central-1/data/orders/" && output.error_prefix == "errors/orders/" && output.glue_table == "orders" && join(",", output.key_columns) == "order_id"
    error_message = "The same places as Firehose's."
  }
  assert {
    condition     = output.queue_url != null && output.databricks_role_arn != null && output.topic_arn != null && output.dashboard_name == "orders"
    error_message = "What reads the lake is as it is beside Firehose."
  }
  assert {
    condition     = module.on_failure_bucket[0].bucket.name == "orders-failed-123456789012-eu-central-1" && startswith(output.on_failure_location, "s3://orders-failed-123456789012-eu-central-1/aws/lambda/")
    error_message = "What is given up has a bucket of its own."
  }
  assert {
    condition     = length(output.alarm_names) == 16 && contains(output.alarm_names, "orders-direct-behind") && contains(output.alarm_names, "orders-error-objects") && !anytrue([for name in output.alarm_names : strcontains(name, "firehose") || strcontains(name, "replication") || strcontains(name, "-stream-")])
    error_message = "No alarm on what is not there."
  }
}

run "from_kinesis_the_destination_is_last" {
  variables {
    changes_from = "kinesis"
    stream       = { retention_hours = 48, shard_count = 2 }
  }
  assert {
    condition     = module.stream["default"].name == "orders" && keys(module.destination) == ["default"] && output.stream_name == "orders" && module.direct["default"].source_arn == "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
    error_message = "The stream is read instead of the table's own."
  }
  assert {
    condition     = module.direct["default"].maximum_record_age_seconds == 46 * 3600
    error_message = "Two hours under the stream's retention."
  }
  assert {
    condition     = contains(output.alarm_names, "orders-stream-capacity") && contains(output.alarm_names, "orders-replication-stopped-orders") && contains(output.alarm_names, "orders-direct-stopped")
    error_message = "The stream and the replication are watched as ever."
  }
}

run "a_table_that_is_made_in_the_same_apply" {
  override_data {
    target = module.direct["default"].data.aws_dynamodb_table.this[0]
    values = { stream_enabled = true, stream_view_type = "NEW_AND_OLD_IMAGES", stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-02-02T00:00:00.000" }
  }
  variables { table_stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-02-02T00:00:00.000" }
  assert {
    condition     = module.direct["default"].source_arn == var.table_stream_arn
    error_message = "Its stream's ARN is not looked up."
  }
}

run "one_design_and_many_tables" {
  variables {
    name        = "shop"
    schema_file = null
    via         = "firehose"
    exports     = { bucket = "my-exports" }
    tables = {
      shop = {
        via = "direct"
        schema_files = [
          "examples/single-table/customers.schema.json", "examples/single-table/orders.schema.json", "examples/single-table/order_lines.schema.json",
        ]
        direct  = { batching_window_seconds = 60 }
        history = true
      }
      orders = { schema_files = ["../examples/orders.schema.json"] }
    }
  }
  assert {
    condition     = keys(module.table) == ["orders", "shop", "shop/shop_order_lines", "shop/shop_orders"] && keys(module.direct) == ["shop"] && keys(module.delivery) == ["orders"] && keys(module.stream) == ["orders"]
    error_message = "One function writes three tables of the lake, and Firehose another."
  }
  assert {
    condition     = { for name, table in output.tables["shop"].lake_tables : name => table.data_prefix } == { shop_customers = "data/shop_customers/", shop_orders = "data/shop_orders/", shop_order_lines = "data/shop_order_lines/" } && output.tables["shop"].location == null
    error_message = "Each in its folder."
  }
  assert {
    condition     = { for table in output.databricks_tables : table.name => table.history } == { orders = false, shop_customers = true, shop_orders = true, shop_order_lines = true }
    error_message = "Databricks has a table for each."
  }
  assert {
    condition     = output.tables["orders"].mapping_uuid == null && output.tables["orders"].delivery_stream_name == "shop-orders" && output.tables["shop"].delivery_stream_name == null && output.tables["shop"].function_name == "shop-shop-direct"
    error_message = "Each has what its way has."
  }
  assert {
    condition     = output.export_policy_arn != null && module.direct["shop"].batching_window_seconds == 60
    error_message = "An entry has its own settings."
  }
}

run "a_given_bucket_for_what_is_given_up" {
  variables { on_failure_bucket = { name = "failures", arn = "arn:aws:s3:::failures" } }
  assert {
    condition     = length(module.on_failure_bucket) == 0 && startswith(output.on_failure_location, "s3://failures/aws/lambda/")
    error_message = "It is used, and none is made."
  }
}

run "a_long_name_leaves_the_second_bucket_its_own" {
  variables { name = "a-pipeline-with-a-very-long-name-for-all" }
  assert {
    condition     = module.on_failure_bucket[0].bucket.name == "a-pipeline-with-a-very-long--failed-123456789012-eu-central-1"
    error_message = "Cut before -failed, not after it."
  }
}

run "rejects_another_way" {
  command = plan
  variables { via = "pipes" }
  expect_failures = [var.via]
}

run "rejects_a_way_beside_tables" {
  command = plan
  variables {
    schema_file = null
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"] } }
  }
  expect_failures = [var.via]
}

run "rejects_another_source" {
  command = plan
  variables { changes_from = "streams" }
  expect_failures = [var.changes_from]
}

run "rejects_firehose_on_the_tables_own_stream" {
  command = plan
  variables {
    via          = "firehose"
    changes_from = "dynamodb_streams"
  }
  expect_failures = [var.changes_from]
}

run "rejects_a_source_beside_tables" {
  command = plan
  variables {
    schema_file  = null
    via          = "firehose"
    changes_from = "kinesis"
    tables       = { orders = { schema_files = ["../examples/orders.schema.json"] } }
  }
  expect_failures = [var.changes_from]
}

run "rejects_the_tables_stream_for_firehose" {
  command = plan
  variables {
    via              = "firehose"
    table_stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-02-02T00:00:00.000"
  }
  expect_failures = [var.table_stream_arn]
}

run "rejects_the_tables_key_for_firehose" {
  command = plan
  variables {
    via           = "firehose"
    table_kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/t" }
  }
  expect_failures = [var.table_kms_key]
}

run "rejects_a_bucket_for_failures_without_the_direct_way" {
  command = plan
  variables {
    via               = "firehose"
    on_failure_bucket = { name = "failures", arn = "arn:aws:s3:::failures" }
  }
  expect_failures = [var.on_failure_bucket]
}

run "rejects_firehoses_role_by_the_direct_way" {
  command = plan
  variables { roles = { firehose = { arn = "arn:aws:iam::123456789012:role/f" } } }
  expect_failures = [var.roles]
}

run "rejects_firehose_on_the_tables_own_stream_in_an_entry" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], changes_from = "dynamodb_streams" } }
  }
  expect_failures = [var.tables]
}

run "rejects_the_tables_stream_for_firehose_in_an_entry" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], table_stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026" } }
  }
  expect_failures = [var.tables]
}

run "rejects_firehoses_role_by_the_direct_way_in_an_entry" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], via = "direct", roles = { firehose = { arn = "arn:aws:iam::123456789012:role/f" } } } }
  }
  expect_failures = [var.tables]
}

run "rejects_a_kinesis_stream_that_nobody_reads" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], via = "direct", stream = { retention_hours = 24 } } }
  }
  expect_failures = [var.tables]
}

run "rejects_one_glue_name_for_several_tables" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { shop = { schema_files = ["examples/single-table/customers.schema.json", "examples/single-table/orders.schema.json"], via = "direct", glue_table = "one" } }
  }
  expect_failures = [var.tables]
}

run "rejects_schema_files_of_two_dynamodb_tables_in_one_entry" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { shop = { schema_files = ["../examples/orders.schema.json", "../examples/customers.schema.json"], via = "direct" } }
  }
  expect_failures = [var.tables]
}

run "rejects_a_third_reader_of_the_tables_own_stream" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables = {
      customers   = { schema_files = ["examples/single-table/customers.schema.json"], via = "direct" }
      orders      = { schema_files = ["examples/single-table/orders.schema.json"], via = "direct" }
      order-lines = { schema_files = ["examples/single-table/order_lines.schema.json"], via = "direct" }
    }
  }
  expect_failures = [var.tables]
}

run "rejects_a_source_by_another_name" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], via = "direct", source = "kinesis" } }
  }
  expect_failures = [var.tables]
}

run "rejects_a_stream_that_nobody_reads_in_entries" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    stream      = { shard_count = 2 }
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], via = "direct" } }
  }
  expect_failures = [var.tables]
}

run "rejects_a_stream_that_nobody_reads" {
  command = plan
  variables { stream = { shard_count = 2 } }
  expect_failures = [var.changes_from]
}
