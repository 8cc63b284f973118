mock_provider "aws" {}

variables {
  stream_arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
  tables     = ["orders"]
  consumers  = ["arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders"]
}

run "microseconds_whatever_aws_default_is" {
  assert {
    condition     = aws_dynamodb_kinesis_streaming_destination.this["orders"].approximate_creation_date_time_precision == "MICROSECOND"
    error_message = "Microseconds, whatever AWS' default is."
  }
  assert {
    condition     = aws_dynamodb_kinesis_streaming_destination.this["orders"].stream_arn == var.stream_arn && join(",", output.tables) == "orders"
    error_message = "The table is connected to the stream."
  }
}

run "several_tables_share_the_stream" {
  variables {
    tables = ["orders", "customers"]
  }
  assert {
    condition     = length(aws_dynamodb_kinesis_streaming_destination.this) == 2
    error_message = "A destination for each table."
  }
}

run "rejects_no_consumer" {
  command = plan
  variables { consumers = [] }
  expect_failures = [var.consumers]
}

run "rejects_more_consumers_than_a_shard_serves" {
  command = plan
  variables { consumers = [for n in range(6) : "arn:aws:firehose:eu-central-1:123456789012:deliverystream/${n}"] }
  expect_failures = [var.consumers]
}

run "rejects_a_consumer_that_is_not_an_arn" {
  command = plan
  variables { consumers = ["orders"] }
  expect_failures = [aws_dynamodb_kinesis_streaming_destination.this]
}

run "rejects_an_empty_ready" {
  command = plan
  variables { ready = [""] }
  expect_failures = [aws_dynamodb_kinesis_streaming_destination.this]
}

run "rejects_a_table_by_its_arn" {
  command = plan
  variables { tables = ["arn:aws:dynamodb:eu-central-1:123456789012:table/orders"] }
  expect_failures = [var.tables]
}

run "rejects_no_table" {
  command = plan
  variables { tables = [] }
  expect_failures = [var.tables]
}
