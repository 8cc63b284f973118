mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_service_principal" {
    defaults = { region = "eu-central-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/orders-firehose" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::orders-123456789012-eu-central-1" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/kinesisfirehose/orders" }
  }
  mock_resource "aws_kinesis_firehose_delivery_stream" {
    defaults = { arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders" }
  }
}

variables {
  name                    = "orders"
  stream_arn              = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
  iam_propagation_seconds = 0
  transform = {
    function_arn  = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
    qualified_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
  }
  schema = {
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string", comment = "partition key" }]
  }
}

run "by_arrival_and_hour_is_the_default" {
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix == "data/orders/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    error_message = "Hive style, by Firehose's clock."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix == "errors/orders/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    error_message = "Errors are not under the data's prefix."
  }
  assert {
    condition     = length(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].dynamic_partitioning_configuration) == 0
    error_message = "No dynamic partitioning, so no charge for it."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_interval == 30 && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_size == 128
    error_message = "Half a minute, or 128 MB."
  }
}

run "by_arrival_and_day" {
  variables {
    partition_granularity = "day"
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix == "data/orders/dt=!{timestamp:yyyy-MM-dd}/"
    error_message = "Days only."
  }
  assert {
    condition     = join(",", aws_glue_catalog_table.this.partition_keys[*].name) == "dt" && aws_glue_catalog_table.this.parameters["storage.location.template"] == "s3://orders-123456789012-eu-central-1/data/orders/dt=$${dt}/" && !contains(keys(aws_glue_catalog_table.this.parameters), "projection.hour.type")
    error_message = "The table's partitions are those of the prefix."
  }
}

run "only_parameters_other_than_firehoses_defaults_are_declared" {
  assert {
    condition = tomap({ for parameter in aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : parameter.parameter_name => parameter.parameter_value }) == tomap({
      LambdaArn               = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
      BufferIntervalInSeconds = "5"
    })
    error_message = "BufferSizeInMBs = 1 is Firehose's default: declared, it would show in every plan."
  }
}

run "other_lambda_buffers_are_declared" {
  variables {
    transform_buffer_size_mb          = 0.5
    transform_buffer_interval_seconds = 60
  }
  assert {
    condition = tomap({ for parameter in aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : parameter.parameter_name => parameter.parameter_value }) == tomap({
      LambdaArn       = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
      BufferSizeInMBs = "0.5"
    })
    error_message = "60 s is Firehose's default, half a MB is not."
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

run "event_time_uses_dynamic_partitioning" {
  variables {
    partition_by = "event_time"
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix == "data/orders/dt=!{partitionKeyFromLambda:year}-!{partitionKeyFromLambda:month}-!{partitionKeyFromLambda:day}/hour=!{partitionKeyFromLambda:hour}/arrived-!{timestamp:yyyy-MM-dd}-"
    error_message = "By the change's own time, from the function."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].dynamic_partitioning_configuration[0].enabled
    error_message = "Keys from the function need dynamic partitioning."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_interval == 60
    error_message = "AWS allows no less with dynamic partitioning."
  }
  assert {
    condition     = strcontains(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix, "!{firehose:error-output-type}") && !strcontains(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix, "partitionKeyFrom")
    error_message = "AWS rejects partition keys in the error prefix."
  }
}

run "event_time_by_day" {
  variables {
    partition_by          = "event_time"
    partition_granularity = "day"
  }
  assert {
    condition     = endswith(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix, "-!{partitionKeyFromLambda:day}/arrived-!{timestamp:yyyy-MM-dd}-")
    error_message = "Days only."
  }
}

run "without_a_bucket_one_is_made" {
  assert {
    condition     = output.bucket.name == "orders-123456789012-eu-central-1" && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].bucket_arn == output.bucket.arn
    error_message = "A name that is unique in the world."
  }
}

run "given_bucket_is_left_as_it_is" {
  variables {
    bucket       = { name = "lake", arn = "arn:aws:s3:::lake" }
    data_prefix  = "raw/orders/"
    error_prefix = "failed/orders/"
  }
  assert {
    condition     = length(module.bucket) == 0
    error_message = "Nothing of a given bucket is managed here."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].bucket_arn == "arn:aws:s3:::lake" && output.location == "s3://lake/raw/orders/"
    error_message = "Delivered to it."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource if statement.Sid == "WriteObjects"][0] == [
      "arn:aws:s3:::lake/raw/orders/*", "arn:aws:s3:::lake/failed/orders/*"
    ]
    error_message = "The role reaches its two prefixes only."
  }
}

run "given_database_is_used" {
  variables {
    database = "lake"
    table    = "orders_changes"
  }
  assert {
    condition     = length(aws_glue_catalog_database.this) == 0 && aws_glue_catalog_table.this.database_name == "lake" && aws_glue_catalog_table.this.name == "orders_changes"
    error_message = "The given database, and the table's own name."
  }
}

run "the_role_has_what_firehose_needs_and_no_wildcard" {
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : [
        for action in statement.Action : !strcontains(action, "*")
      ]
    ]))
    error_message = "No action with a wildcard."
  }
  assert {
    condition     = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : [for resource in statement.Resource : resource != "*"]]))
    error_message = "No resource that is everything."
  }
  assert {
    # The processor's ARN carries a version, so the policy's must as well.
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource if statement.Sid == "InvokeFunction"][0] == ["arn:aws:lambda:eu-central-1:123456789012:function:orders:*"]
    error_message = "Versions of this function."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "123456789012"
    error_message = "Firehose, for this account only."
  }
  assert {
    condition     = length([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : 1 if statement.Sid == "UseKey"]) == 0
    error_message = "No key, no right to one."
  }
}

run "customer_key_encrypts_objects_and_logs" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].kms_key_arn == var.kms_key.arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key.arn
    error_message = "Objects and logs by the key."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "UseKey"][0] == ["s3.eu-central-1.amazonaws.com", "kinesis.eu-central-1.amazonaws.com"]
    error_message = "The role uses the key through S3 and Kinesis only."
  }
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

run "rejects_an_interval_under_60_s_with_event_time" {
  command = plan
  variables {
    partition_by               = "event_time"
    buffering_interval_seconds = 30
  }
  expect_failures = [var.buffering_interval_seconds]
}

run "rejects_an_interval_over_15_minutes" {
  command = plan
  variables { buffering_interval_seconds = 901 }
  expect_failures = [var.buffering_interval_seconds]
}

run "rejects_a_lambda_buffer_over_3_mb" {
  command = plan
  variables { transform_buffer_size_mb = 4 }
  expect_failures = [var.transform_buffer_size_mb]
}

run "rejects_a_lambda_interval_over_15_minutes" {
  command = plan
  variables { transform_buffer_interval_seconds = 1000 }
  expect_failures = [var.transform_buffer_interval_seconds]
}

run "rejects_errors_within_the_data" {
  command = plan
  variables {
    data_prefix  = "orders/"
    error_prefix = "orders/errors/"
  }
  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}

run "rejects_errors_within_the_data_by_default" {
  command = plan
  variables { error_prefix = "data/" }
  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}

run "rejects_data_within_the_errors_by_default" {
  command = plan
  variables { data_prefix = "errors/" }
  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
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
  variables { database = "my-lake" }
  expect_failures = [var.database]
}

run "rejects_a_table_that_athena_does_not_accept" {
  command = plan
  variables { table = "Orders" }
  expect_failures = [var.table]
}

run "rejects_a_bucket_name_with_capitals" {
  command = plan
  variables { bucket_name = "Orders" }
  expect_failures = [var.bucket_name]
}

run "rejects_a_name_with_a_slash" {
  command = plan
  variables { name = "team/orders" }
  expect_failures = [var.name]
}

run "rejects_no_time_to_undo" {
  command = plan
  variables { noncurrent_version_days = 0 }
  expect_failures = [var.noncurrent_version_days]
}

run "rejects_a_retention_that_cloudwatch_does_not_have" {
  command = plan
  variables { log_retention_days = 31 }
  expect_failures = [var.log_retention_days]
}

run "rejects_a_wait_of_an_hour" {
  command = plan
  variables { iam_propagation_seconds = 3600 }
  expect_failures = [var.iam_propagation_seconds]
}
