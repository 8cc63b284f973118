mock_provider "aws" {
  source = "../../tests/aws"
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:one" }
  }
}

variables {
  name                     = "lake"
  stream_name              = "changes"
  retention_hours          = 168
  tables                   = ["orders", "customers"]
  delivery_stream_name     = "rows"
  function_name            = "transform"
  function_timeout_seconds = 60
  function_memory_mb       = 256
  dynamic_partitioning     = true
  queues                   = { queue_name = "files", dead_letter_queue_name = "files-dead" }
}

run "every_metric_has_the_dimension_of_its_namespace" {
  assert {
    condition = alltrue([
      for metric in flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [for line in try(widget.properties.metrics, []) : { line = line } if length(line) > 1]]) :
      length(metric.line) == 5 && contains([
        "AWS/Kinesis StreamName=changes", "AWS/Lambda FunctionName=transform", "dynalake delivery_stream=rows",
        "AWS/Firehose DeliveryStreamName=rows", "AWS/SQS QueueName=files", "AWS/SQS QueueName=files-dead",
      ], "${metric.line[0]} ${metric.line[2]}=${metric.line[3]}")
    ])
    error_message = "A metric is found only by exactly its dimensions."
  }
  assert {
    condition = length(setsubtract(
      flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [for line in try(widget.properties.metrics, []) : "${line[0]} ${line[1]}" if length(line) > 1]]),
      concat(
        # From AWS' lists of metrics, and from src/metrics.rs.
        [for name in ["IncomingRecords", "IncomingBytes", "GetRecords.Bytes", "GetRecords.IteratorAgeMilliseconds", "WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded"] : "AWS/Kinesis ${name}"],
        [for name in ["Invocations", "Errors", "Throttles", "Duration"] : "AWS/Lambda ${name}"],
        [for name in ["RecordsIn", "RecordsOk", "RecordsDropped", "RecordsFailed", "RowsRescued", "BytesIn", "BytesOut", "Duplicates", "EventAgeMaxMs"] : "dynalake ${name}"],
        [for name in ["DataReadFromKinesisStream.Bytes", "DataReadFromKinesisStream.Records", "DeliveryToS3.Bytes", "DeliveryToS3.Records", "DeliveryToS3.DataFreshness", "DeliveryToS3.ObjectCount", "DeliveryToS3.Success", "ExecuteProcessing.Success", "FailedConversion.Records", "SucceedConversion.Records", "KinesisMillisBehindLatest", "PartitionCountExceeded", "ThrottledGetRecords"] : "AWS/Firehose ${name}"],
        [for name in ["NumberOfMessagesSent", "NumberOfMessagesDeleted", "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"] : "AWS/SQS ${name}"],
      ),
    )) == 0
    error_message = "There is no such metric."
  }
  assert {
    condition = alltrue([
      for name in ["RecordsIn", "RecordsOk", "RecordsDropped", "RecordsFailed", "RowsRescued", "BytesIn", "BytesOut", "Duplicates", "EventAgeMaxMs"] :
      strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "\"dynalake\",\"${name}\"")
    ])
    error_message = "Each of the function's own metrics is shown."
  }
}

run "every_expression_names_a_metric_of_its_graph" {
  assert {
    condition = alltrue(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [
        for line in try(widget.properties.metrics, []) :
        startswith(line[0].expression, "SEARCH('{AWS/DynamoDB,TableName,DelegatedOperation} ") ||
        contains([for other in widget.properties.metrics : other[4].id if length(other) == 5], split(" ", line[0].expression)[0])
        if length(line) == 1
      ]
    ]))
    error_message = "An expression's operand is a metric beside it, or a search."
  }
  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets :
      length(distinct([for line in try(widget.properties.metrics, []) : line[length(line) - 1].id])) == length(try(widget.properties.metrics, []))
    ])
    error_message = "CloudWatch rejects two lines with one id in a graph."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "\"expression\":\"m1 / 4000\"")
    error_message = "Milliseconds at 256 MB become GB-seconds."
  }
}

run "the_page_is_whole_rows_and_begins_with_all_alarms" {
  assert {
    condition     = sum([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.width]) % 24 == 0
    error_message = "A row has 24 columns."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[0].type == "alarm" && length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[0].properties.alarms) == length(aws_cloudwatch_metric_alarm.this)
    error_message = "The first widget shows every alarm."
  }
  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.region == "eu-central-1" if widget.type == "metric"])
    error_message = "Each graph says its region."
  }
}

run "without_queues_and_partitions_their_lines_are_gone" {
  variables {
    queues               = null
    dynamic_partitioning = false
    function_memory_mb   = null
  }
  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "AWS/SQS") && !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "PartitionCountExceeded") && !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "ObjectCount")
    error_message = "Lines and graphs of missing parts are left out."
  }
  assert {
    condition     = sum([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.width]) % 24 == 0
    error_message = "A row has 24 columns."
  }
  assert {
    condition     = output.dashboard_name == "lake"
    error_message = "The dashboard has the name."
  }
}
