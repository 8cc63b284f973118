mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                     = "lake"
  stream_name              = "changes"
  retention_hours          = 168
  tables                   = ["orders"]
  delivery_stream_name     = "rows"
  function_name            = "transform"
  function_timeout_seconds = 60
  queues                   = { queue_name = "files", dead_letter_queue_name = "files-dead" }
  error_queue_name         = "files-errors"
  alarm_actions            = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
  ticket_actions           = ["arn:aws:sns:eu-central-1:123456789012:tickets"]
}

# By subject: "namespace metric statistic dimension=value is threshold period bad/of missing".
run "each_alarm_watches_its_metric_by_its_dimensions" {
  command = plan

  assert {
    condition = {
      for subject, alarm in aws_cloudwatch_metric_alarm.this : subject => join(" ", [
        alarm.namespace, alarm.metric_name, alarm.statistic, join(",", [for name, value in alarm.dimensions : "${name}=${value}"]),
        alarm.comparison_operator == "GreaterThanThreshold" ? ">" : "<", alarm.threshold,
        alarm.period, "${alarm.datapoints_to_alarm}/${alarm.evaluation_periods}", alarm.treat_missing_data,
      ]) if length(alarm.metric_query) == 0
      } == {
      stream-write-throttled     = "AWS/Kinesis WriteProvisionedThroughputExceeded Sum StreamName=changes > 0 300 3/3 notBreaching"
      stream-read-throttled      = "AWS/Kinesis ReadProvisionedThroughputExceeded Sum StreamName=changes > 0 300 3/3 notBreaching"
      stream-age                 = "AWS/Kinesis GetRecords.IteratorAgeMilliseconds Maximum StreamName=changes > 600000 300 2/3 notBreaching"
      function-errors            = "AWS/Lambda Errors Sum FunctionName=transform > 0 300 2/3 notBreaching"
      function-throttled         = "AWS/Lambda Throttles Sum FunctionName=transform > 0 300 2/3 notBreaching"
      function-duration          = "AWS/Lambda Duration Maximum FunctionName=transform > 48000 300 2/3 notBreaching"
      records-failed             = "dynalake RecordsFailed Sum delivery_stream=rows > 0 300 1/1 notBreaching"
      rows-rescued               = "dynalake RowsRescued Sum delivery_stream=rows > 0 3600 1/1 notBreaching"
      firehose-freshness         = "AWS/Firehose DeliveryToS3.DataFreshness Maximum DeliveryStreamName=rows > 300 60 5/5 notBreaching"
      firehose-behind            = "AWS/Firehose KinesisMillisBehindLatest Maximum DeliveryStreamName=rows > 151200000 300 3/3 notBreaching"
      firehose-delivery-failed   = "AWS/Firehose DeliveryToS3.Success Average DeliveryStreamName=rows < 1 300 2/3 notBreaching"
      firehose-processing-failed = "AWS/Firehose ExecuteProcessing.Success Average DeliveryStreamName=rows < 1 300 2/3 notBreaching"
      firehose-conversion-failed = "AWS/Firehose FailedConversion.Records Sum DeliveryStreamName=rows > 0 300 1/1 notBreaching"
      firehose-throttled         = "AWS/Firehose ThrottledGetRecords Sum DeliveryStreamName=rows > 0 300 3/3 notBreaching"
      queue-age                  = "AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=files > 3600 300 3/3 notBreaching"
      error-objects              = "AWS/SQS NumberOfMessagesSent Sum QueueName=files-errors > 0 300 1/6 notBreaching"
      dead-letters               = "AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=files-dead > 0 300 1/1 notBreaching"
    }
    error_message = "The alarms on one metric are not these."
  }
}

run "replication_is_watched_by_both_dimensions_whatever_the_value_of_the_second" {
  command = plan

  assert {
    condition = {
      for subject, alarm in aws_cloudwatch_metric_alarm.this : subject =>
      "${one(alarm.metric_query).expression} > ${alarm.threshold} ${one(alarm.metric_query).period} ${alarm.datapoints_to_alarm}/${alarm.evaluation_periods}"
      if startswith(subject, "replication-") && !startswith(subject, "replication-stopped")
      } == {
      replication-age-orders       = "SELECT MAX(AgeOfOldestUnreplicatedRecord) FROM SCHEMA(\"AWS/DynamoDB\", TableName, DelegatedOperation) WHERE TableName = 'orders' > 300000 300 2/2"
      replication-failed-orders    = "SELECT SUM(FailedToReplicateRecordCount) FROM SCHEMA(\"AWS/DynamoDB\", TableName, DelegatedOperation) WHERE TableName = 'orders' > 0 300 1/1"
      replication-throttled-orders = "SELECT SUM(ThrottledPutRecordCount) FROM SCHEMA(\"AWS/DynamoDB\", TableName, DelegatedOperation) WHERE TableName = 'orders' > 0 300 3/3"
    }
    error_message = "The alarms on DynamoDB's replication are not these."
  }
}

run "a_stage_that_stops_without_an_error_is_seen_by_what_goes_in_and_does_not_come_out" {
  command = plan

  assert {
    condition = {
      for subject, alarm in aws_cloudwatch_metric_alarm.this : subject => {
        for query in alarm.metric_query : query.id => query.expression != null ? query.expression : join(" ", concat(
          [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].stat],
          [for name, value in query.metric[0].dimensions : "${name}=${value}"], [query.metric[0].period],
        ))
      } if endswith(subject, "-stopped") || startswith(subject, "replication-stopped")
      } == {
      replication-stopped-orders = {
        stopped    = "IF(FILL(upstream, 0) > 0 AND FILL(downstream, 0) == 0, 1, 0)"
        upstream   = "AWS/DynamoDB ConsumedWriteCapacityUnits Sum TableName=orders 900"
        downstream = "dynalake RecordsIn Sum delivery_stream=rows 900"
      }
      firehose-stopped = {
        stopped    = "IF(FILL(upstream, 0) > 0 AND FILL(downstream, 0) == 0, 1, 0)"
        upstream   = "AWS/Kinesis IncomingRecords Sum StreamName=changes 900"
        downstream = "AWS/Firehose DataReadFromKinesisStream.Records Sum DeliveryStreamName=rows 900"
      }
      notifications-stopped = {
        stopped    = "IF(FILL(upstream, 0) > 0 AND FILL(downstream, 0) == 0, 1, 0)"
        upstream   = "AWS/Firehose SucceedConversion.Records Sum DeliveryStreamName=rows 900"
        downstream = "AWS/SQS NumberOfMessagesSent Sum QueueName=files 900"
      }
    }
    error_message = "The alarms on what has stopped are not these."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length([for query in alarm.metric_query : query if query.return_data]) == 1 if length(alarm.metric_query) > 0])
    error_message = "An alarm watches exactly one of its queries."
  }
}

run "changes_that_make_no_rows_are_no_stop_where_the_stream_is_the_tables_own" {
  command = plan

  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.this["replication-stopped-orders"].alarm_description, "no changes come into the function")
    error_message = "A view that wants few rows must not page."
  }
}

run "on_a_shared_stream_only_the_rows_show_that_a_table_has_stopped" {
  command = plan

  variables { shared_stream = true }

  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.this["replication-stopped-orders"].metric_query : query.metric[0].metric_name if query.id == "downstream"]) == "RecordsOk"
    error_message = "Records of another table would hide that this one has stopped."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.this["replication-stopped-orders"].alarm_description, "no rows come out") && strcontains(aws_cloudwatch_metric_alarm.this["replication-stopped-orders"].alarm_description, "where and events")
    error_message = "The description says what is counted."
  }
}

run "several_tables_share_their_stream" {
  command = plan

  variables { tables = ["orders", "customers"] }

  assert {
    condition     = alltrue([for table in var.tables : one([for query in aws_cloudwatch_metric_alarm.this["replication-stopped-${table}"].metric_query : query.metric[0].metric_name if query.id == "downstream"]) == "RecordsOk"])
    error_message = "Records of one table would hide that the other has stopped."
  }
}

run "each_alarm_notifies_its_topics_and_says_what_to_do_first" {
  command = plan

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this : alarm.ok_actions == alarm.alarm_actions && alarm.alarm_actions == toset(
        alarm.tags.severity == "look" ? var.ticket_actions : var.alarm_actions
      )
    ])
    error_message = "Every alarm says when it begins and when it is over."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : strcontains(alarm.alarm_description, " First: ") && length(alarm.alarm_description) <= 1024])
    error_message = "Every description has a first step, in CloudWatch's 1,024 characters."
  }
  assert {
    # Without the table's name: the runbook has one entry for each kind of alarm.
    condition     = alltrue([for subject, alarm in aws_cloudwatch_metric_alarm.this : endswith(alarm.alarm_description, " Runbook: docs/operations/runbook.md#${trimsuffix(subject, "-orders")}")])
    error_message = "Every description names its entry in the runbook."
  }
  assert {
    condition     = alltrue([for subject, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name == "lake-${subject}"])
    error_message = "The name ends with the heading of its entry in the runbook."
  }
  assert {
    # CloudWatch's limits: a day in all where periods are under an hour; three hours for a Metrics Insights query.
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      coalesce(alarm.period, try([for query in alarm.metric_query : query.metric[0].period if length(query.metric) > 0][0], null), 300) * alarm.evaluation_periods
      <= (anytrue([for query in alarm.metric_query : startswith(coalesce(query.expression, "-"), "SELECT")]) ? 10800 : 86400)
    ])
    error_message = "CloudWatch would reject the window."
  }
  assert {
    condition     = output.alarm_names == sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name]) && length(output.alarm_names) == 23
    error_message = "The output names all of them."
  }
}

run "without_queues_there_are_no_alarms_on_queues" {
  command = plan
  variables {
    queues           = null
    error_queue_name = null
  }
  assert {
    condition     = setsubtract(["queue-age", "dead-letters", "notifications-stopped"], keys(aws_cloudwatch_metric_alarm.this)) == toset(["queue-age", "dead-letters", "notifications-stopped"])
    error_message = "No queue, no alarm on it."
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 19
    error_message = "All the others stay."
  }
}

run "dynamic_partitioning_brings_the_alarm_on_partitions" {
  command = plan
  variables { dynamic_partitioning = true }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["firehose-partitions"].metric_name == "PartitionCountExceeded" && aws_cloudwatch_metric_alarm.this["firehose-partitions"].dimensions == tomap({ DeliveryStreamName = "rows" })
    error_message = "It should watch PartitionCountExceeded of the delivery stream."
  }
}

run "several_tables_have_four_alarms_each" {
  command = plan
  variables { tables = ["orders", "customers.v2"] }
  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.this["replication-stopped-customers.v2"].alarm_description, "#replication-stopped") && endswith(aws_cloudwatch_metric_alarm.this["replication-age-customers.v2"].alarm_description, "#replication-age")
    error_message = "The entry in the runbook has no table's name."
  }
  assert {
    condition     = alltrue([for table in var.tables : alltrue([for subject in ["age", "failed", "throttled", "stopped"] : contains(keys(aws_cloudwatch_metric_alarm.this), "replication-${subject}-${table}")])])
    error_message = "Age, failed, throttled, stopped."
  }
}

run "each_alarm_has_its_severity" {
  command = plan
  variables {
    dynamic_partitioning = true
    shard_count          = 2
    thresholds           = { expect_traffic_minutes = 30 }
  }
  assert {
    condition = { for severity in ["lost", "late", "look"] : severity => [for subject, alarm in aws_cloudwatch_metric_alarm.this : subject if alarm.tags.severity == severity] } == {
      lost = [
        "dead-letters", "error-objects", "firehose-behind", "firehose-conversion-failed", "firehose-partitions", "records-failed", "replication-failed-orders",
        "replication-stopped-orders",
      ]
      late = [
        "firehose-delivery-failed", "firehose-freshness", "firehose-processing-failed", "firehose-stopped", "function-errors", "no-traffic",
        "notifications-stopped", "replication-age-orders",
      ]
      look = [
        "firehose-throttled", "function-duration", "function-throttled", "queue-age", "replication-throttled-orders", "rows-rescued", "stream-age",
        "stream-capacity", "stream-read-throttled", "stream-write-throttled",
      ]
    }
    error_message = "Nobody is woken by what heals or can wait."
  }
}

run "nobody_is_told_of_a_queue_that_nobody_reads_yet" {
  command = plan
  variables { queues = { queue_name = "files", dead_letter_queue_name = "files-dead", read = false } }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "queue-age") && contains(keys(aws_cloudwatch_metric_alarm.this), "dead-letters")
    error_message = "S3's test event waits in it from the first minute."
  }
}

run "provisioned_shards_warn_before_their_limit" {
  command = plan
  variables { shard_count = 2 }
  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.this["stream-capacity"].metric_query : query.id => try("${query.metric[0].namespace} ${query.metric[0].metric_name} ${query.metric[0].dimensions.StreamName} ${query.metric[0].stat} ${query.metric[0].period}", query.expression) } == {
      used    = "100 * MAX([bytes / 629145600, records / 600000])"
      bytes   = "AWS/Kinesis IncomingBytes changes Sum 300"
      records = "AWS/Kinesis IncomingRecords changes Sum 300"
    }
    error_message = "Five minutes of two shards: 2 MiB and 2,000 records a second."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["stream-capacity"].threshold == 80 && aws_cloudwatch_metric_alarm.this["stream-capacity"].datapoints_to_alarm == 3
    error_message = "Over 80 % for a quarter of an hour."
  }
}

run "what_tables_share_is_watched_by_a_call_of_its_own" {
  command = plan
  variables {
    parts                    = ["queues"]
    tables                   = []
    stream_name              = null
    retention_hours          = null
    delivery_stream_name     = null
    function_name            = null
    function_timeout_seconds = null
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["dead-letters", "error-objects", "queue-age"] && output.dashboard_name == null
    error_message = "The queues' alarms, and no dashboard."
  }
}

run "a_shared_streams_alarms_come_once" {
  command = plan
  variables {
    parts                    = ["stream"]
    tables                   = []
    retention_hours          = null
    delivery_stream_name     = null
    function_name            = null
    function_timeout_seconds = null
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["stream-age", "stream-read-throttled", "stream-write-throttled"]
    error_message = "The stream's alarms alone."
  }
}

run "missing_expected_traffic_is_an_alarm" {
  command = plan
  variables { thresholds = { expect_traffic_minutes = 30 } }
  assert {
    condition     = { for query in aws_cloudwatch_metric_alarm.this["no-traffic"].metric_query : query.id => try("${query.metric[0].namespace} ${query.metric[0].metric_name} ${query.metric[0].dimensions.delivery_stream} ${query.metric[0].period}", query.expression) } == { rows = "FILL(made, 0)", made = "dynalake RecordsOk rows 1800" }
    error_message = "RecordsOk of half an hour, zero where there are none."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["no-traffic"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["no-traffic"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["no-traffic"].threshold == 1
    error_message = "Less than one is bad, and so is no data."
  }
}

run "thresholds_reach_their_alarms" {
  command = plan
  variables {
    retention_hours          = 24
    function_timeout_seconds = 30
    thresholds = {
      replication_age_seconds   = 60, stream_age_seconds = 120, retention_percent = 50, freshness_seconds = 900, capacity_percent = 60
      function_duration_percent = 50, records_failed = 5, rows_rescued = 100, queue_age_seconds = 90000
    }
  }
  assert {
    condition = { for subject in ["replication-age-orders", "stream-age", "firehose-behind", "firehose-freshness", "function-duration", "records-failed", "rows-rescued", "queue-age"] : subject => aws_cloudwatch_metric_alarm.this[subject].threshold } == {
      replication-age-orders = 60000, stream-age = 120000, firehose-behind = 43200000, firehose-freshness = 900
      function-duration      = 15000, records-failed = 5, rows-rescued = 100, queue-age = 90000
    }
    error_message = "In the metric's own unit: milliseconds, seconds, counts."
  }
}
