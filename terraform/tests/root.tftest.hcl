mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name                    = "orders"
  schema_file             = "../examples/orders.schema.json"
  function                = { package_file = "metadata_columns.json" } # any file will do: nothing is run here
  iam_propagation_seconds = 0
}

run "a_name_and_a_schema_file_make_a_pipeline" {
  assert {
    condition     = output.table_name == "orders" && output.stream_name == "orders" && output.delivery_stream_name == "orders" && output.glue_table == "orders"
    error_message = "Named by name and schema."
  }
  assert {
    condition     = output.location == "s3://orders-123456789012-eu-central-1/data/orders/" && output.error_prefix == "errors/orders/"
    error_message = "Data and errors are in separate prefixes."
  }
  assert {
    condition     = join(",", output.key_columns) == "order_id"
    error_message = "The key's column."
  }
  assert {
    condition     = length(output.alarm_names) == 22 && output.dashboard_name == "orders" && !contains(output.alarm_names, "orders-queue-age") && contains(output.alarm_names, "orders-error-objects")
    error_message = "Alarms and a dashboard come with it; none on a queue that nobody can read yet."
  }
  assert {
    condition     = output.databricks_role_arn != null && output.databricks_next_steps != null && module.transform["default"].partition_by == "arrival"
    error_message = "The role for Databricks, and what to do with it."
  }
}

run "by_event_time" {
  variables {
    delivery = { partition_by = "event_time", partition_granularity = "day" }
  }
  assert {
    condition     = module.transform["default"].partition_by == "event_time" && module.delivery["default"].prefix_expression == "data/orders/dt=!{partitionKeyFromLambda:year}-!{partitionKeyFromLambda:month}-!{partitionKeyFromLambda:day}/arrived-!{timestamp:yyyy-MM-dd}-"
    error_message = "The function gives the keys that Firehose's prefix asks for."
  }
  assert {
    condition     = contains(output.alarm_names, "orders-firehose-partitions")
    error_message = "Dynamic partitioning has an alarm of its own."
  }
}

run "a_table_with_a_stage_in_its_name" {
  variables {
    table_name = "orders-prod"
  }
  assert {
    condition     = output.table_name == "orders-prod" && output.glue_table == "orders"
    error_message = "The schema's name stays the lake's."
  }
}

run "existing_bucket_topic_and_key" {
  variables {
    bucket  = { name = "lake", arn = "arn:aws:s3:::lake" }
    topic   = { arn = "arn:aws:sns:eu-central-1:123456789012:lake" }
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = output.location == "s3://lake/data/orders/" && output.topic_arn == "arn:aws:sns:eu-central-1:123456789012:lake"
    error_message = "What was given is used."
  }
}

run "without_databricks" {
  variables {
    databricks = { access = false }
  }
  assert {
    condition     = output.databricks_role_arn == null && output.databricks_next_steps == null && output.databricks_bundle_variables == null
    error_message = "No role."
  }
}

run "with_databricks_external_id" {
  variables {
    databricks = { external_id = "0d4f8f3e-2f1e-4f66-9d3b-0a8f5ad3c001" }
  }
  assert {
    condition     = output.databricks_role_arn != null && contains(output.alarm_names, "orders-queue-age")
    error_message = "The second step: now somebody reads the queue."
  }
}

run "provisioned_and_kept_for_a_day" {
  variables {
    stream           = { shard_count = 2, retention_hours = 24 }
    delivery         = { buffering_interval_seconds = 300, transform_buffer_size_mb = 0.5 }
    function         = { package_file = "metadata_columns.json", memory_size = 512, reserved_concurrency = 10, architecture = "arm64" }
    alarm_actions    = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
    ticket_actions   = ["arn:aws:sns:eu-central-1:123456789012:tickets"]
    thresholds       = { expect_traffic_minutes = 60, rows_rescued = 100 }
    retained_columns = [{ name = "discount", type = "int" }]
    queue            = { message_retention_days = 4, max_receive_count = 10 }
  }
  assert {
    condition     = module.stream["default"].retention_hours == 24 && module.delivery["default"].buffering_interval_seconds == 300
    error_message = "As asked for."
  }
  assert {
    condition     = contains(output.alarm_names, "orders-no-traffic") && contains(output.alarm_names, "orders-stream-capacity")
    error_message = "Thresholds and shards pass through."
  }
}

run "one_table_keeps_its_place_and_names" {
  assert {
    condition     = output.function_name == "orders" && keys(output.tables) == ["default"] && output.tables["default"].stream_name == output.stream_name
    error_message = "moved.tf relies on the key."
  }
}

run "rejects_neither_a_schema_file_nor_tables" {
  command = plan
  variables { schema_file = null }
  expect_failures = [var.schema_file]
}

run "rejects_a_schema_file_that_is_not_there" {
  command = plan
  variables { schema_file = "nowhere.json" }
  expect_failures = [var.schema_file]
}

run "rejects_a_schema_file_that_is_not_json" {
  command = plan
  variables { schema_file = "main.tf" }
  expect_failures = [var.schema_file]
}

run "rejects_a_name_with_a_dot" {
  command = plan
  variables { name = "my.orders" }
  expect_failures = [var.name]
}

run "without_exports_there_is_no_policy" {
  command = plan
  assert {
    condition     = output.export_policy_arn == null && length(module.export_access) == 0
    error_message = "It is an option."
  }
}

run "exports_make_a_policy" {
  variables {
    exports = { bucket = "my-exports", prefix = "exports" }
  }
  assert {
    condition     = output.export_policy_arn == "arn:aws:iam::123456789012:policy/orders-exports"
    error_message = "For whoever runs the command line."
  }
}
