mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name      = "orders"
  tables    = ["orders"]
  consumers = ["arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders"]
}

run "defaults_are_on_demand_encrypted_and_kept_for_a_week" {
  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "ON_DEMAND" && aws_kinesis_stream.this.retention_period == 168
    error_message = "On demand, and a recovery window of a week."
  }
  assert {
    condition     = aws_kinesis_stream.this.encryption_type == "KMS" && aws_kinesis_stream.this.kms_key_id == "alias/aws/kinesis"
    error_message = "Encrypted by the AWS-managed key."
  }
  assert {
    condition     = aws_dynamodb_kinesis_streaming_destination.this["orders"].approximate_creation_date_time_precision == "MICROSECOND"
    error_message = "Microseconds, whatever AWS' default is."
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

run "provisioned_with_a_customer_key" {
  variables {
    shard_count     = 4
    retention_hours = 24
    kms_key         = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.this.shard_count == 4
    error_message = "Four shards."
  }
  assert {
    condition     = aws_kinesis_stream.this.kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1"
    error_message = "The customer's key."
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

run "rejects_a_retention_under_a_day" {
  command = plan
  variables { retention_hours = 12 }
  expect_failures = [var.retention_hours]
}

run "rejects_half_a_shard" {
  command = plan
  variables { shard_count = 0.5 }
  expect_failures = [var.shard_count]
}

run "rejects_a_name_with_a_blank" {
  command = plan
  variables { name = "my orders" }
  expect_failures = [var.name]
}
