# The Spark way: what is watched of the job.
mock_provider "aws" {
  source = "../../tests/aws"
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:one" }
  }
}

variables {
  name             = "lake"
  via              = "spark"
  tables           = ["orders"]
  stream_name      = "changes"
  retention_hours  = 168
  job              = { name = "lake-spark", log_group = "/aws-glue/jobs/lake-spark/output", failed_runs_rule = "lake-failed-runs" }
  queues           = { queue_name = "files", dead_letter_queue_name = "files-dead" }
  error_queue_name = "files-errors"
  thresholds       = { freshness_seconds = 240 }
  alarm_actions    = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
  ticket_actions   = ["arn:aws:sns:eu-central-1:123456789012:tickets"]
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
      stream-write-throttled = "AWS/Kinesis WriteProvisionedThroughputExceeded Sum StreamName=changes > 0 300 3/3 notBreaching"
      stream-read-throttled  = "AWS/Kinesis ReadProvisionedThroughputExceeded Sum StreamName=changes > 0 300 3/3 notBreaching"
      stream-age             = "AWS/Kinesis GetRecords.IteratorAgeMilliseconds Maximum StreamName=changes > 600000 300 2/3 notBreaching"
      spark-run-failed       = "AWS/Events Invocations Sum RuleName=lake-failed-runs > 0 300 1/1 notBreaching"
      spark-keeps-failing    = "AWS/Events Invocations Sum RuleName=lake-failed-runs > 0 900 2/4 notBreaching"
      spark-tasks-failing    = "Glue glue.driver.aggregate.numFailedTasks Sum JobName=lake-spark,JobRunId=ALL,Type=count > 0 300 3/3 notBreaching"
      queue-age              = "AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=files > 3600 300 3/3 notBreaching"
      error-objects          = "AWS/SQS NumberOfMessagesSent Sum QueueName=files-errors > 0 300 1/6 notBreaching"
      dead-letters           = "AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=files-dead > 0 300 1/1 notBreaching"
    }
    error_message = "The alarms on one metric are not these."
  }
  assert {
    condition = {
      for subject, alarm in aws_cloudwatch_metric_alarm.this : subject => {
        for query in alarm.metric_query : query.id => join(" ", concat(
          [query.metric[0].namespace, query.metric[0].metric_name], [for name, value in query.metric[0].dimensions : "${name}=${value}"],
        )) if query.expression == null
      } if strcontains(subject, "-stopped") || subject == "spark-not-running"
      } == {
      spark-not-running          = { upstream = "AWS/Kinesis IncomingRecords StreamName=changes", downstream = "Glue glue.driver.jvm.heap.used JobName=lake-spark JobRunId=ALL Type=gauge" }
      spark-stopped              = { upstream = "AWS/Kinesis IncomingRecords StreamName=changes", downstream = "Glue glue.driver.aggregate.numCompletedTasks JobName=lake-spark JobRunId=ALL Type=count" }
      replication-stopped-orders = { upstream = "AWS/DynamoDB ConsumedWriteCapacityUnits TableName=orders", downstream = "AWS/Kinesis IncomingRecords StreamName=changes" }
    }
    error_message = "The alarms on what has stopped are not these."
  }
  assert {
    condition = {
      for subject in ["spark-freshness", "spark-behind"] : subject => [one(aws_cloudwatch_metric_alarm.this[subject].metric_query[*].expression), tostring(aws_cloudwatch_metric_alarm.this[subject].threshold), aws_cloudwatch_metric_alarm.this[subject].tags.severity]
      } == {
      spark-freshness = ["SELECT MAX(\"glue.driver.streaming.maxConsumerLagInMs\") FROM \"Glue\" WHERE JobName = 'lake-spark'", "240000", "late"]
      spark-behind    = ["SELECT MAX(\"glue.driver.streaming.maxConsumerLagInMs\") FROM \"Glue\" WHERE JobName = 'lake-spark'", "151200000", "lost"]
    }
    error_message = "The lag is found by the job's name, whatever its other dimensions; a quarter of the retention is late."
  }
}

run "each_alarm_says_what_to_do_first_and_names_no_part_that_is_not_there" {
  assert {
    condition = alltrue([
      for subject, alarm in aws_cloudwatch_metric_alarm.this : strcontains(alarm.alarm_description, " First: ") && length(alarm.alarm_description) <= 1024 && endswith(alarm.alarm_description, "Runbook: docs/operations/runbook.md#${trimsuffix(subject, "-orders")}")
    ])
    error_message = "Every description has a first step, in CloudWatch's 1,024 characters, and its entry."
  }
  assert {
    condition     = !anytrue([for alarm in aws_cloudwatch_metric_alarm.this : strcontains(lower(alarm.alarm_description), "firehose") || strcontains(alarm.alarm_description, "direct-") || strcontains(alarm.alarm_description, "function")])
    error_message = "There is no Firehose, and no function."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["spark-run-failed"].alarm_actions == toset(var.ticket_actions) && aws_cloudwatch_metric_alarm.this["spark-keeps-failing"].alarm_actions == toset(var.alarm_actions) && aws_cloudwatch_metric_alarm.this["spark-not-running"].alarm_actions == toset(var.alarm_actions)
    error_message = "One failed run heals by itself; a job that doesn't run wakes someone."
  }
}

run "a_shared_stream_cant_tell_one_tables_records" {
  command = plan
  variables { shared_stream = true }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "replication-stopped-orders") && contains(keys(aws_cloudwatch_metric_alarm.this), "replication-age-orders")
    error_message = "Records of others would hide that one has stopped."
  }
}

run "there_are_no_metrics_of_rows_to_wait_for" {
  command = plan
  variables { thresholds = { expect_traffic_minutes = 60 } }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "no-traffic")
    error_message = "It would be on for ever."
  }
}

run "every_metric_of_the_dashboard_has_the_dimension_of_its_namespace" {
  assert {
    condition = alltrue([
      for metric in flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [for line in try(widget.properties.metrics, []) : { line = line } if length(line) > 1]]) :
      contains([
        "AWS/Kinesis StreamName=changes", "AWS/Events RuleName=lake-failed-runs", "Glue JobName=lake-spark", "AWS/SQS QueueName=files", "AWS/SQS QueueName=files-dead", "AWS/SQS QueueName=files-errors",
      ], "${metric.line[0]} ${metric.line[2]}=${metric.line[3]}")
    ])
    error_message = "A metric is found only by exactly its dimensions."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "JobRunId\",\"ALL\",\"Type\",\"count") && strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "maxConsumerLagInMs") && !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "dynalake")
    error_message = "The job's metrics, and none of a function's."
  }
}

run "rejects_spark_without_its_job" {
  command = plan
  variables { job = null }
  expect_failures = [var.job]
}
