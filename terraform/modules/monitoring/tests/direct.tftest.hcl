# The direct way: what is watched from the table's own stream, and from Kinesis.
mock_provider "aws" {
  source = "../../tests/aws"
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:one" }
  }
}

variables {
  name                     = "lake"
  via                      = "direct"
  parts                    = ["table", "queues"]
  mapping_uuid             = "0a1b"
  tables                   = ["orders"]
  function_name            = "write"
  function_timeout_seconds = 60
  function_memory_mb       = 512
  batching_window_seconds  = 5
  queues                   = { queue_name = "files", dead_letter_queue_name = "files-dead" }
  error_queue_name         = "files-errors"
  alarm_actions            = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
  ticket_actions           = ["arn:aws:sns:eu-central-1:123456789012:tickets"]
}

run "each_alarm_watches_its_metric_by_its_dimensions" {
  assert {
    condition = {
      for subject, alarm in aws_cloudwatch_metric_alarm.this : subject => join(" ", [
        alarm.namespace, alarm.metric_name, alarm.statistic, join(",", [for name, value in alarm.dimensions : "${name}=${value}"]),
        alarm.comparison_operator == "GreaterThanThreshold" ? ">" : "<", alarm.threshold,
        alarm.period, "${alarm.datapoints_to_alarm}/${alarm.evaluation_periods}", alarm.treat_missing_data,
      ]) if length(alarm.metric_query) == 0
      } == {
      function-errors           = "AWS/Lambda Errors Sum FunctionName=write > 0 300 2/3 notBreaching"
      function-throttled        = "AWS/Lambda Throttles Sum FunctionName=write > 0 300 2/3 notBreaching"
      function-duration         = "AWS/Lambda Duration Maximum FunctionName=write > 48000 300 2/3 notBreaching"
      direct-freshness          = "AWS/Lambda IteratorAge Maximum FunctionName=write > 300000 300 2/3 notBreaching"
      direct-behind             = "AWS/Lambda IteratorAge Maximum FunctionName=write > 7200000 900 2/4 notBreaching"
      direct-given-up           = "AWS/Lambda OnFailureDestinationDeliveredEventCount Sum EventSourceMappingUUID=0a1b > 0 300 1/1 notBreaching"
      direct-dropped            = "AWS/Lambda DroppedEventCount Sum EventSourceMappingUUID=0a1b > 0 300 1/1 notBreaching"
      direct-destination-failed = "AWS/Lambda DestinationDeliveryFailures Sum FunctionName=write > 0 300 1/1 notBreaching"
      store-retries             = "dynalake StoreRetries Sum function=write > 100 300 2/3 notBreaching"
      records-failed            = "dynalake RecordsFailed Sum function=write > 0 300 1/1 notBreaching"
      rows-rescued              = "dynalake RowsRescued Sum function=write > 0 3600 1/1 notBreaching"
      queue-age                 = "AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=files > 3600 300 3/3 notBreaching"
      error-objects             = "AWS/SQS NumberOfMessagesSent Sum QueueName=files-errors > 0 300 1/6 notBreaching"
      dead-letters              = "AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=files-dead > 0 300 1/1 notBreaching"
    }
    error_message = "The alarms on one metric are not these."
  }
  assert {
    condition = {
      for subject, alarm in aws_cloudwatch_metric_alarm.this : subject => {
        for query in alarm.metric_query : query.id => join(" ", concat(
          [query.metric[0].namespace, query.metric[0].metric_name], [for name, value in query.metric[0].dimensions : "${name}=${value}"],
        )) if query.expression == null
      } if length(alarm.metric_query) > 0
      } == {
      direct-not-stored     = { came = "dynalake RecordsIn function=write", ok = "dynalake RecordsOk function=write", dropped = "dynalake RecordsDropped function=write", failed = "dynalake RecordsFailed function=write" }
      direct-stopped        = { upstream = "AWS/DynamoDB ConsumedWriteCapacityUnits TableName=orders", downstream = "dynalake RecordsIn function=write" }
      notifications-stopped = { upstream = "dynalake RecordsOk function=write", downstream = "AWS/SQS NumberOfMessagesSent QueueName=files" }
    }
    error_message = "The alarms on what has stopped are not these."
  }
}

run "each_alarm_says_what_to_do_first_and_names_no_part_that_is_not_there" {
  assert {
    condition = alltrue([
      for subject, alarm in aws_cloudwatch_metric_alarm.this : strcontains(alarm.alarm_description, " First: ") && length(alarm.alarm_description) <= 1024 && endswith(alarm.alarm_description, "Runbook: docs/operations/runbook.md#${subject}")
    ])
    error_message = "Every description has a first step, in CloudWatch's 1,024 characters, and its entry."
  }
  assert {
    condition     = !anytrue([for alarm in aws_cloudwatch_metric_alarm.this : strcontains(lower(alarm.alarm_description), "firehose") || strcontains(alarm.alarm_description, "replication")])
    error_message = "There is no Firehose and no replication."
  }
  assert {
    condition     = alltrue([for subject in ["direct-given-up", "records-failed", "error-objects"] : strcontains(aws_cloudwatch_metric_alarm.this[subject].alarm_description, "dynalake replay")])
    error_message = "What is kept is brought in by one command."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["direct-behind"].tags.severity == "lost" && strcontains(aws_cloudwatch_metric_alarm.this["direct-behind"].alarm_description, "keeps changes for 24 hours; at 22 hours Lambda gives them up into the on-failure bucket. First: Nothing prolongs that")
    error_message = "A table's own stream can't be prolonged."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["direct-not-stored"].tags.severity == "late" && one([for query in aws_cloudwatch_metric_alarm.this["direct-not-stored"].metric_query : query.expression if query.return_data]) == "IF(FILL(came, 0) > 0 AND (FILL(ok, 0) + FILL(dropped, 0) + FILL(failed, 0)) == 0, 1, 0)"
    error_message = "Changes come, and none is stored."
  }
  assert {
    condition     = alltrue([for subject in ["direct-freshness", "direct-behind", "notifications-stopped", "store-retries"] : strcontains(aws_cloudwatch_metric_alarm.this[subject].alarm_description, "direct-not-stored")])
    error_message = "What follows from it sends there."
  }
}

run "an_alarm_looks_back_as_long_as_an_invocation_may_take" {
  command = plan
  variables {
    function_timeout_seconds   = 850
    maximum_record_age_seconds = 3600
  }
  assert {
    condition     = alltrue([for subject in ["function-errors", "function-duration", "direct-freshness", "store-retries"] : aws_cloudwatch_metric_alarm.this[subject].period == 900]) && one(distinct([for query in aws_cloudwatch_metric_alarm.this["direct-not-stored"].metric_query : query.metric[0].period if length(query.metric) > 0])) == 900
    error_message = "In whole minutes."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.this["direct-behind"].alarm_description, "at 3600 s Lambda gives them up into the on-failure bucket. First: Gain time now: raise maximum_record_age_seconds")
    error_message = "An age that was set is the one that counts, and can be raised."
  }
}

run "every_metric_of_the_dashboard_has_the_dimension_of_its_namespace" {
  assert {
    condition = alltrue([
      for metric in flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [for line in try(widget.properties.metrics, []) : { line = line } if length(line) > 1]]) :
      contains([
        "AWS/Lambda FunctionName=write", "AWS/Lambda EventSourceMappingUUID=0a1b", "dynalake function=write", "AWS/SQS QueueName=files", "AWS/SQS QueueName=files-dead",
      ], "${metric.line[0]} ${metric.line[2]}=${metric.line[3]}")
    ])
    error_message = "A metric is found only by exactly its dimensions."
  }
  assert {
    condition = alltrue([
      for name in ["RecordsIn", "RecordsOk", "RecordsDropped", "RecordsFailed", "RowsRescued", "BytesIn", "BytesOut", "Duplicates", "EventAgeMaxMs", "ObjectsWritten", "StoreRetries"] :
      strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "\"dynalake\",\"${name}\"")
    ])
    error_message = "Each of the function's own metrics is shown."
  }
}

run "from_kinesis_the_stream_and_the_replication_are_watched_too" {
  variables {
    parts           = ["table", "stream", "queues"]
    stream_name     = "changes"
    retention_hours = 100
  }
  assert {
    condition     = alltrue([for subject in ["stream-age", "stream-write-throttled", "replication-failed-orders", "replication-stopped-orders", "direct-stopped"] : contains(keys(aws_cloudwatch_metric_alarm.this), subject)]) && !anytrue([for subject in keys(aws_cloudwatch_metric_alarm.this) : startswith(subject, "firehose")])
    error_message = "Kinesis' alarms, and none of Firehose."
  }
  assert {
    condition     = !anytrue([for alarm in aws_cloudwatch_metric_alarm.this : strcontains(alarm.alarm_description, "firehose-")])
    error_message = "No description sends someone to an alarm that isn't there."
  }
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.this["direct-stopped"].metric_query : query.metric[0].metric_name if query.id == "upstream"]) == "IncomingRecords" && strcontains(aws_cloudwatch_metric_alarm.this["direct-behind"].alarm_description, "keeps changes for 100 hours; at 98 hours Lambda gives them up into the on-failure bucket. First: Gain time now: raise retention_hours")
    error_message = "The stream's own figures, and time to gain."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "\"AWS/Kinesis\",\"IncomingRecords\"")
    error_message = "The stream is on the dashboard."
  }
}

run "at_a_weeks_retention_two_hours_are_no_time_to_gain" {
  command = plan
  variables {
    parts           = ["table", "stream", "queues"]
    stream_name     = "changes"
    retention_hours = 168
  }
  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.this["direct-behind"].alarm_description, "at 166 hours Lambda gives them up into the on-failure bucket. First: Nothing prolongs that")
    error_message = "The runbook says the same."
  }
}

run "after_a_week_nothing_gains_time" {
  command = plan
  variables {
    parts                      = ["table", "stream", "queues"]
    stream_name                = "changes"
    retention_hours            = 336
    maximum_record_age_seconds = 604800
  }
  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.this["direct-behind"].alarm_description, "keeps changes for 336 hours; at 168 hours Lambda gives them up into the on-failure bucket. First: Nothing prolongs that")
    error_message = "Lambda takes a week at most."
  }
}

run "a_table_called_stopped" {
  command = plan
  variables { tables = ["stopped"] }
  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.this["direct-stopped"].alarm_description, "#direct-stopped")
    error_message = "Its name is no part of the alarm's."
  }
}

run "rejects_another_way" {
  command = plan
  variables {
    via          = "pipes"
    mapping_uuid = null
  }
  expect_failures = [var.via]
}

run "rejects_the_direct_way_without_its_mapping" {
  command = plan
  variables { mapping_uuid = null }
  expect_failures = [var.mapping_uuid]
}

run "rejects_a_window_over_five_minutes" {
  command = plan
  variables { batching_window_seconds = 301 }
  expect_failures = [var.batching_window_seconds]
}

run "rejects_an_age_over_a_week" {
  command = plan
  variables { maximum_record_age_seconds = 604801 }
  expect_failures = [var.maximum_record_age_seconds]
}
