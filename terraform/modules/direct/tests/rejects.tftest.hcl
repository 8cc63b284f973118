mock_provider "aws" {
  source = "../../tests/aws"
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders-direct" }
  }
}

variables {
  name                    = "orders"
  iam_propagation_seconds = 0
  package_file            = "README.md" # any file will do: nothing is run here
  schemas = [{
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string" }]
  }]
  targets = [{
    bucket       = { name = "lake", arn = "arn:aws:s3:::lake" }
    data_prefix  = "data/orders/"
    error_prefix = "errors/orders/"
  }]
  on_failure_bucket = { name = "failures", arn = "arn:aws:s3:::failures" }
}

run "rejects_a_package_without_the_schema" {
  command = plan
  variables {
    schemas            = [jsondecode(file("../../../examples/orders.schema.json"))]
    schemas_in_package = ["../../../examples/orders.schema.json"]
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_a_package_with_another_schema" {
  command = plan
  variables {
    schemas_in_package = ["../../../examples/orders.schema.json"]
    package_file       = "../../../examples/orders.schema.json"
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_a_schema_over_4_kb" {
  command = plan
  variables {
    schemas = [{ table = "orders", keys = ["c0"], columns = [for n in range(150) : { name = "c${n}", type = "string", comment = sha256(n) }] }]
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_two_schemas_of_one_name" {
  command = plan
  variables {
    schemas = [
      { table = "orders", keys = ["a"], columns = [{ name = "a", type = "string" }] },
      { table = "orders", keys = ["b"], columns = [{ name = "b", type = "string" }] },
    ]
    targets = [
      { bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/orders/", error_prefix = "errors/orders/" },
      { bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/orders/", error_prefix = "errors/orders/" },
    ]
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_schemas_of_two_tables_on_one_tables_stream" {
  command = plan
  variables {
    schemas = [
      { table = "orders", keys = ["a"], columns = [{ name = "a", type = "string" }] },
      { table = "customers", keys = ["b"], columns = [{ name = "b", type = "string" }] },
    ]
    targets = [
      { bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/orders/", error_prefix = "errors/orders/" },
      { bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/customers/", error_prefix = "errors/customers/" },
    ]
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_a_target_that_the_function_would_not_write_to" {
  command = plan
  variables {
    targets = [{ bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/Orders/", error_prefix = "errors/orders/" }]
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_a_partitioning_by_month" {
  command = plan
  variables {
    targets = [{ bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/orders/", error_prefix = "errors/orders/", partition_by = "month" }]
  }
  expect_failures = [var.targets]
}

run "rejects_errors_within_the_data" {
  command = plan
  variables {
    targets = [{ bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/orders/", error_prefix = "data/orders/errors/orders/" }]
  }
  expect_failures = [var.targets]
}

run "rejects_no_schema" {
  command = plan
  variables {
    schemas = []
  }
  expect_failures = [var.schemas]
}

run "rejects_another_source" {
  command = plan
  variables {
    changes_from = "streams"
  }
  expect_failures = [var.changes_from]
}

run "rejects_a_table_by_its_arn" {
  command = plan
  variables {
    table_name = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
  }
  expect_failures = [var.table_name]
}

run "rejects_kinesis_without_its_arn" {
  command = plan
  variables {
    changes_from = "kinesis"
  }
  expect_failures = [var.source_arn]
}

run "rejects_a_kinesis_stream_for_the_tables_own" {
  command = plan
  variables {
    source_arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
  }
  expect_failures = [var.source_arn]
}

run "rejects_a_retention_under_a_day" {
  command = plan
  variables {
    retention_hours = 12
  }
  expect_failures = [var.retention_hours]
}

run "rejects_an_age_under_a_minute" {
  command = plan
  variables {
    maximum_record_age_seconds = 59
  }
  expect_failures = [var.maximum_record_age_seconds]
}

run "rejects_an_age_at_which_the_stream_has_forgotten" {
  command = plan
  variables {
    maximum_record_age_seconds = 86400
  }
  expect_failures = [var.maximum_record_age_seconds]
}

run "rejects_a_bucket_for_failures_with_a_key_in_its_arn" {
  command = plan
  variables {
    on_failure_bucket = { name = "failures", arn = "arn:aws:s3:::failures/aws" }
  }
  expect_failures = [var.on_failure_bucket]
}

run "rejects_a_batch_of_none" {
  command = plan
  variables {
    batch_size = 0
  }
  expect_failures = [var.batch_size]
}

run "rejects_a_window_over_five_minutes" {
  command = plan
  variables {
    batching_window_seconds = 301
  }
  expect_failures = [var.batching_window_seconds]
}

run "rejects_large_batches_without_a_window" {
  command = plan
  variables {
    batching_window_seconds = 0
  }
  expect_failures = [var.batching_window_seconds]
}

run "rejects_eleven_batches_of_a_shard" {
  command = plan
  variables {
    parallelization_factor = 11
  }
  expect_failures = [var.parallelization_factor]
}

run "rejects_a_filter_that_is_not_json" {
  command = plan
  variables {
    filters = ["eventName = INSERT"]
  }
  expect_failures = [var.filters]
}

run "rejects_a_filter_that_would_match_nothing_from_kinesis" {
  command = plan
  variables {
    changes_from = "kinesis"
    source_arn   = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
    filters      = ["{\"eventName\":[\"INSERT\"]}"]
  }
  expect_failures = [var.filters]
}

run "rejects_a_filter_that_would_match_nothing_from_the_tables_own_stream" {
  command = plan
  variables {
    filters = ["{\"data\":{\"eventName\":[\"INSERT\"]}}"]
  }
  expect_failures = [var.filters]
}

run "rejects_a_stream_that_the_table_has_no_more" {
  command = plan
  variables {
    source_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2025-01-01T00:00:00.000"
  }
  expect_failures = [data.aws_dynamodb_table.this]
}

run "rejects_a_key_for_no_filters" {
  command = plan
  variables {
    filters_kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  expect_failures = [var.filters_kms_key]
}

run "rejects_another_modules_ready_that_is_empty" {
  command = plan
  variables {
    ready = [""]
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "rejects_a_schema_file_that_is_not_there" {
  command = plan
  variables {
    schemas_in_package = ["nowhere.json"]
  }
  expect_failures = [var.schemas_in_package]
}

run "rejects_another_architecture" {
  command = plan
  variables {
    architecture = "amd64"
  }
  expect_failures = [var.architecture]
}

run "rejects_a_memory_that_its_objects_do_not_fit_into" {
  command = plan
  variables {
    memory_size = 128
  }
  expect_failures = [var.memory_size]
}

run "rejects_no_time_to_try_again" {
  command = plan
  variables {
    timeout_seconds = 5
  }
  expect_failures = [var.timeout_seconds]
}

run "rejects_a_reservation_below_what_a_shard_needs" {
  command = plan
  variables {
    parallelization_factor = 4
    reserved_concurrency   = 3
  }
  expect_failures = [var.reserved_concurrency]
}

run "rejects_another_log_level" {
  command = plan
  variables {
    log_level = "info"
  }
  expect_failures = [var.log_level]
}

run "rejects_a_retention_that_cloudwatch_does_not_have" {
  command = plan
  variables {
    log_retention_days = 31
  }
  expect_failures = [var.log_retention_days]
}

run "rejects_a_role_by_its_name" {
  command = plan
  variables {
    role = { arn = "theirs" }
  }
  expect_failures = [var.role]
}

run "rejects_a_boundary_by_its_name" {
  command = plan
  variables {
    permissions_boundary = "boundary"
  }
  expect_failures = [var.permissions_boundary]
}

run "rejects_a_path_without_slashes" {
  command = plan
  variables {
    role_path = "dynalake"
  }
  expect_failures = [var.role_path]
}

run "rejects_a_wait_of_half_a_second" {
  command = plan
  variables {
    iam_propagation_seconds = 0.5
  }
  expect_failures = [var.iam_propagation_seconds]
}

run "rejects_a_name_with_a_dot" {
  command = plan
  variables {
    name = "my.orders"
  }
  expect_failures = [var.name]
}
