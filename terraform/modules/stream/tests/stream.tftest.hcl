mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "orders"
}

run "defaults_are_on_demand_encrypted_and_kept_for_a_week" {
  assert {
    condition     = aws_kinesis_stream.this[0].stream_mode_details[0].stream_mode == "ON_DEMAND" && aws_kinesis_stream.this[0].retention_period == 168
    error_message = "On demand, and a recovery window of a week."
  }
  assert {
    condition     = aws_kinesis_stream.this[0].encryption_type == "KMS" && aws_kinesis_stream.this[0].kms_key_id == "alias/aws/kinesis"
    error_message = "Encrypted by the AWS-managed key."
  }
}

run "provisioned_with_a_customer_key" {
  variables {
    shard_count     = 4
    retention_hours = 24
    kms_key         = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = aws_kinesis_stream.this[0].stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.this[0].shard_count == 4
    error_message = "Four shards."
  }
  assert {
    condition     = aws_kinesis_stream.this[0].kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1"
    error_message = "The customer's key."
  }
}

run "an_existing_stream_is_used_as_it_is" {
  variables {
    existing = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/theirs", retention_hours = 48 }
  }
  assert {
    condition     = length(aws_kinesis_stream.this) == 0 && output.name == "theirs" && output.arn == var.existing.arn && output.retention_hours == 48
    error_message = "No stream is made, and its name comes from the ARN."
  }
}

run "rejects_an_existing_stream_by_its_name" {
  command = plan
  variables { existing = { arn = "theirs" } }
  expect_failures = [var.existing]
}

run "rejects_a_retention_that_no_stream_has" {
  command = plan
  variables { existing = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/theirs", retention_hours = 12 } }
  expect_failures = [var.existing]
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
