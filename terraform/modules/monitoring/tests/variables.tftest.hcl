mock_provider "aws" {}

variables {
  name                     = "lake"
  stream_name              = "changes"
  retention_hours          = 168
  tables                   = ["orders"]
  delivery_stream_name     = "rows"
  function_name            = "transform"
  function_timeout_seconds = 60
}

run "accepts_the_smallest_input" {
  command = plan
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 19
    error_message = "All alarms that need no queue, no partitions and no expectation."
  }
}

run "rejects_a_name_with_a_dot" {
  command = plan
  variables { name = "my.lake" }
  expect_failures = [var.name]
}

run "rejects_a_stream_by_its_arn" {
  command = plan
  variables { stream_name = "arn:aws:kinesis:eu-central-1:123456789012:stream/changes" }
  expect_failures = [var.stream_name]
}

run "rejects_a_retention_under_a_day" {
  command = plan
  variables { retention_hours = 12 }
  expect_failures = [var.retention_hours]
}

run "rejects_no_table" {
  command = plan
  variables { tables = [] }
  expect_failures = [var.tables]
}

run "rejects_a_table_twice" {
  command = plan
  variables { tables = ["orders", "orders"] }
  expect_failures = [var.tables]
}

run "rejects_a_table_by_its_arn" {
  command = plan
  variables { tables = ["arn:aws:dynamodb:eu-central-1:123456789012:table/orders"] }
  expect_failures = [var.tables]
}

run "rejects_names_too_long_for_an_alarm" {
  command = plan
  variables { tables = [join("", [for n in range(240) : "t"])] }
  expect_failures = [var.tables]
}

run "rejects_a_delivery_stream_by_its_arn" {
  command = plan
  variables { delivery_stream_name = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/rows" }
  expect_failures = [var.delivery_stream_name]
}

run "rejects_a_function_with_its_version" {
  command = plan
  variables { function_name = "transform:7" }
  expect_failures = [var.function_name]
}

run "rejects_a_timeout_beyond_lambdas" {
  command = plan
  variables { function_timeout_seconds = 901 }
  expect_failures = [var.function_timeout_seconds]
}

run "rejects_a_memory_beyond_lambdas" {
  command = plan
  variables { function_memory_mb = 64 }
  expect_failures = [var.function_memory_mb]
}

run "rejects_a_queue_by_its_url" {
  command = plan
  variables { queues = { queue_name = "https://sqs.eu-central-1.amazonaws.com/123456789012/files", dead_letter_queue_name = "files-dead" } }
  expect_failures = [var.queues]
}

run "rejects_an_unknown_threshold" {
  command = plan
  variables { thresholds = { freshnes_seconds = 100 } }
  expect_failures = [var.thresholds]
}

run "what_is_null_has_its_default" {
  command = plan
  variables { thresholds = { freshness_seconds = null, expect_traffic_minutes = null, records_failed = 5 } }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["firehose-freshness"].threshold == 300 && aws_cloudwatch_metric_alarm.this["records-failed"].threshold == 5 && !contains(keys(aws_cloudwatch_metric_alarm.this), "no-traffic")
    error_message = "Null is as good as left out."
  }
}

run "rejects_a_replication_age_past_the_week" {
  command = plan
  variables { thresholds = { replication_age_seconds = 604801 } }
  expect_failures = [var.thresholds]
}

run "rejects_a_stream_age_past_the_retention" {
  command = plan
  variables { thresholds = { stream_age_seconds = 604800 } }
  expect_failures = [var.thresholds]
}

run "rejects_a_stream_age_under_a_minute" {
  command = plan
  variables { thresholds = { stream_age_seconds = 59 } }
  expect_failures = [var.thresholds]
}

run "rejects_no_reserve_of_the_retention" {
  command = plan
  variables { thresholds = { retention_percent = 100 } }
  expect_failures = [var.thresholds]
}

run "rejects_a_freshness_within_normal_buffering" {
  command = plan
  variables { thresholds = { freshness_seconds = 60 } }
  expect_failures = [var.thresholds]
}

run "rejects_a_duration_at_the_timeout_itself" {
  command = plan
  variables { thresholds = { function_duration_percent = 100 } }
  expect_failures = [var.thresholds]
}

run "rejects_a_negative_count" {
  command = plan
  variables { thresholds = { rows_rescued = -1 } }
  expect_failures = [var.thresholds]
}

run "rejects_a_queue_age_past_what_sqs_keeps" {
  command = plan
  variables { thresholds = { queue_age_seconds = 1209601 } }
  expect_failures = [var.thresholds]
}

run "rejects_expected_traffic_in_less_than_five_minutes" {
  command = plan
  variables { thresholds = { expect_traffic_minutes = 1 } }
  expect_failures = [var.thresholds]
}

run "rejects_expected_traffic_in_half_minutes" {
  command = plan
  variables { thresholds = { expect_traffic_minutes = 7.5 } }
  expect_failures = [var.thresholds]
}

run "rejects_expected_traffic_over_more_than_a_day" {
  command = plan
  variables { thresholds = { expect_traffic_minutes = 1441 } }
  expect_failures = [var.thresholds]
}

run "rejects_an_action_that_is_not_a_topic" {
  command = plan
  variables { alarm_actions = ["on-call@example.com"] }
  expect_failures = [var.alarm_actions]
}

run "rejects_a_ticket_action_that_is_not_a_topic" {
  command = plan
  variables { ticket_actions = ["tickets@example.com"] }
  expect_failures = [var.ticket_actions]
}

run "rejects_a_capacity_at_the_limit_itself" {
  command = plan
  variables { thresholds = { capacity_percent = 100 } }
  expect_failures = [var.thresholds]
}

run "rejects_half_a_shard" {
  command = plan
  variables { shard_count = 0.5 }
  expect_failures = [var.shard_count]
}

run "rejects_the_errors_queue_by_its_arn" {
  command = plan
  variables { error_queue_name = "arn:aws:sqs:eu-central-1:123456789012:orders-errors" }
  expect_failures = [var.error_queue_name]
}

run "rejects_another_part" {
  command = plan
  variables { parts = ["function"] }
  expect_failures = [var.parts]
}

run "rejects_a_table_without_its_function" {
  command = plan
  variables { function_name = null }
  expect_failures = [var.function_name]
}
