# One page, top to bottom: is anything wrong, how old is the data, how much flows, what fails, what it costs.
#
# A line of a graph is { label, of = [source, metric, statistic], divide }, with the sources of main.tf, or
# { label, search, divide }. `divide` converts the metric's unit to the graph's.

locals {
  # Tables whose changes go through Kinesis.
  replicated = var.stream_name == null ? [] : var.tables

  # AWS documents no value of these metrics' second dimension (alarms.tf), so their lines search for it.
  replication = {
    for table in var.tables : table => {
      for metric, stat in { AgeOfOldestUnreplicatedRecord = "Maximum", FailedToReplicateRecordCount = "Sum", ThrottledPutRecordCount = "Sum" } :
      metric => "SEARCH('{AWS/DynamoDB,TableName,DelegatedOperation} MetricName=\"${metric}\" TableName=\"${table}\"', '${stat}', 300)"
    }
  }

  # As in alarms.tf: its dimensions aren't documented.
  lag_search = "SEARCH('Namespace=\"Glue\" MetricName=\"${local.lag}\" JobName=\"${local.job.name}\" JobRunId=\"ALL\"', 'Maximum', 60)"

  graphs_of_firehose = [
    {
      title = "Freshness: how long changes wait, by stage", unit = "seconds", width = 12, period = 60
      lines = concat(
        [for table in var.tables : { label = "${table}: in DynamoDB", search = local.replication[table].AgeOfOldestUnreplicatedRecord, divide = 1000 }],
        [
          { label = "from change to function", of = ["rows", "EventAgeMaxMs", "Maximum"], divide = 1000 },
          { label = "in Firehose", of = ["firehose", "DeliveryToS3.DataFreshness", "Maximum"] },
        ],
        [for queues in [var.queues] : { label = "in the queue", of = ["queue", "ApproximateAgeOfOldestMessage", "Maximum"] } if queues != null],
      )
      mark = { label = "firehose-freshness", value = local.t.freshness_seconds }
    },
    {
      title = "Lag: how much of the stream's ${local.retention_hours} hours is used up", unit = "hours", width = 12, period = 60
      lines = [
        { label = "Firehose", of = ["firehose", "KinesisMillisBehindLatest", "Maximum"], divide = 3600000 },
        { label = "slowest consumer", of = ["stream", "GetRecords.IteratorAgeMilliseconds", "Maximum"], divide = 3600000 },
      ]
      mark = { label = "firehose-behind", value = local.retention_hours * local.t.retention_percent / 100 }
    },
    {
      title = "Records", unit = "a minute", width = 12, period = 60
      lines = [
        { label = "into the stream", of = ["stream", "IncomingRecords", "Sum"] },
        { label = "read by Firehose", of = ["firehose", "DataReadFromKinesisStream.Records", "Sum"] },
        { label = "into the function", of = ["rows", "RecordsIn", "Sum"] },
        { label = "rows", of = ["rows", "RecordsOk", "Sum"] },
        { label = "dropped: another table, or left out by where or events", of = ["rows", "RecordsDropped", "Sum"] },
        { label = "converted to Parquet", of = ["firehose", "SucceedConversion.Records", "Sum"] },
        { label = "delivered to S3", of = ["firehose", "DeliveryToS3.Records", "Sum"] },
      ]
    },
    {
      title = "Bytes", unit = "a minute", width = 12, period = 60
      lines = [
        { label = "into the stream", of = ["stream", "IncomingBytes", "Sum"] },
        { label = "read by Firehose", of = ["firehose", "DataReadFromKinesisStream.Bytes", "Sum"] },
        { label = "into the function", of = ["rows", "BytesIn", "Sum"] },
        { label = "out of the function", of = ["rows", "BytesOut", "Sum"] },
        { label = "delivered to S3", of = ["firehose", "DeliveryToS3.Bytes", "Sum"] },
      ]
    },
    {
      title = "Set aside or lost: fetch or fix", unit = "in five minutes", width = 8, period = 300
      lines = concat(
        [
          { label = "failed records: processing-failed", of = ["rows", "RecordsFailed", "Sum"] },
          { label = "rows not converted: format-conversion-failed", of = ["firehose", "FailedConversion.Records", "Sum"] },
          { label = "rows with _rescued", of = ["rows", "RowsRescued", "Sum"] },
          { label = "duplicates within a batch", of = ["rows", "Duplicates", "Sum"] },
        ],
        [for table in var.tables : { label = "${table}: over 1 MB, lost", search = local.replication[table].FailedToReplicateRecordCount }],
      )
    },
    {
      title = "Throttled and failing", unit = "in five minutes", width = 8, period = 300
      lines = concat(
        [
          { label = "stream: writes throttled", of = ["stream", "WriteProvisionedThroughputExceeded", "Sum"] },
          { label = "stream: reads throttled", of = ["stream", "ReadProvisionedThroughputExceeded", "Sum"] },
          { label = "Firehose: reads throttled", of = ["firehose", "ThrottledGetRecords", "Sum"] },
          { label = "function: throttled", of = ["function", "Throttles", "Sum"] },
          { label = "function: errors", of = ["function", "Errors", "Sum"] },
        ],
        [for table in var.tables : { label = "${table}: throttled", search = local.replication[table].ThrottledPutRecordCount }],
        [for exceeded in [{ label = "Firehose: too many partitions", of = ["firehose", "PartitionCountExceeded", "Maximum"] }] : exceeded if var.dynamic_partitioning],
      )
    },
    {
      title = "Success: 100 is good", unit = "percent", width = 8, period = 300
      lines = [
        { label = "Firehose's calls to the function", of = ["firehose", "ExecuteProcessing.Success", "Average"], divide = 0.01 },
        { label = "Firehose's writes to S3", of = ["firehose", "DeliveryToS3.Success", "Average"], divide = 0.01 },
      ]
    },
  ]

  # The direct way: the same questions, without Firehose, and without Kinesis where the table's own stream is read.
  graphs_of_direct = [
    {
      title = "Freshness: how old changes are", unit = "seconds", width = 12, period = 60
      lines = concat(
        [for table in local.replicated : { label = "${table}: in DynamoDB", search = local.replication[table].AgeOfOldestUnreplicatedRecord, divide = 1000 }],
        [
          { label = "when Lambda has read them", of = ["function", "IteratorAge", "Maximum"], divide = 1000 },
          { label = "from change to function", of = ["rows", "EventAgeMaxMs", "Maximum"], divide = 1000 },
        ],
        [for queues in [var.queues] : { label = "in the queue", of = ["queue", "ApproximateAgeOfOldestMessage", "Maximum"] } if queues != null],
      )
      mark = { label = "direct-freshness", value = local.t.freshness_seconds }
    },
    {
      title = "Lag: of the ${local.kept} that the stream keeps changes", unit = "hours", width = 12, period = 60
      lines = concat(
        [{ label = "the function", of = ["function", "IteratorAge", "Maximum"], divide = 3600000 }],
        [for stream in [var.stream_name] : { label = "slowest consumer", of = ["stream", "GetRecords.IteratorAgeMilliseconds", "Maximum"], divide = 3600000 } if stream != null],
      )
      mark = { label = "direct-behind", value = local.t.behind_seconds / 3600 }
    },
    {
      title = "Records", unit = "a minute", width = 12, period = 60
      lines = concat(
        [for stream in [var.stream_name] : { label = "into the stream", of = ["stream", "IncomingRecords", "Sum"] } if stream != null],
        [
          { label = "polled by Lambda", of = ["mapping", "PolledEventCount", "Sum"] },
          { label = "left out by filters", of = ["mapping", "FilteredOutEventCount", "Sum"] },
          { label = "into the function", of = ["rows", "RecordsIn", "Sum"] },
          { label = "rows", of = ["rows", "RecordsOk", "Sum"] },
          { label = "dropped: another table, or left out by where or events", of = ["rows", "RecordsDropped", "Sum"] },
        ],
      )
    },
    {
      title = "Bytes", unit = "a minute", width = 12, period = 60
      lines = concat(
        [for stream in [var.stream_name] : { label = "into the stream", of = ["stream", "IncomingBytes", "Sum"] } if stream != null],
        [
          { label = "into the function", of = ["rows", "BytesIn", "Sum"] },
          { label = "out of the function", of = ["rows", "BytesOut", "Sum"] },
        ],
      )
    },
    {
      title = "Set aside or lost: fetch or fix", unit = "in five minutes", width = 8, period = 300
      lines = concat(
        [
          { label = "failed records: processing-failed", of = ["rows", "RecordsFailed", "Sum"] },
          { label = "given up: on-failure bucket", of = ["mapping", "OnFailureDestinationDeliveredEventCount", "Sum"] },
          { label = "dropped, lost", of = ["mapping", "DroppedEventCount", "Sum"] },
          { label = "not kept, lost", of = ["function", "DestinationDeliveryFailures", "Sum"] },
          { label = "rows with _rescued", of = ["rows", "RowsRescued", "Sum"] },
          { label = "duplicates within a batch", of = ["rows", "Duplicates", "Sum"] },
        ],
        [for table in local.replicated : { label = "${table}: over 1 MB, lost", search = local.replication[table].FailedToReplicateRecordCount }],
      )
    },
    {
      title = "Throttled and failing", unit = "in five minutes", width = 8, period = 300
      lines = concat(
        [
          { label = "function: throttled", of = ["function", "Throttles", "Sum"] },
          { label = "function: errors", of = ["function", "Errors", "Sum"] },
          { label = "PUTs that failed", of = ["rows", "StoreRetries", "Sum"] },
        ],
        flatten([for stream in [var.stream_name] : [
          { label = "stream: writes throttled", of = ["stream", "WriteProvisionedThroughputExceeded", "Sum"] },
          { label = "stream: reads throttled", of = ["stream", "ReadProvisionedThroughputExceeded", "Sum"] },
        ] if stream != null]),
        [for table in local.replicated : { label = "${table}: throttled", search = local.replication[table].ThrottledPutRecordCount }],
      )
    },
    {
      title = "An invocation", unit = "seconds", width = 8, period = 300
      lines = [
        { label = "longest", of = ["function", "Duration", "Maximum"], divide = 1000 },
        { label = "on average", of = ["function", "Duration", "Average"], divide = 1000 },
      ]
      mark = { label = "function-duration", value = local.function_timeout_seconds * local.t.function_duration_percent / 100 }
    },
  ]

  # By Spark: what Glue measures of the job, as the job has no metrics of rows.
  graphs_of_spark = [
    {
      title = "Freshness: how old changes are", unit = "seconds", width = 12, period = 60
      lines = concat(
        [for table in local.replicated : { label = "${table}: in DynamoDB", search = local.replication[table].AgeOfOldestUnreplicatedRecord, divide = 1000 }],
        [{ label = "when the job reads them", search = local.lag_search, divide = 1000 }],
        [for queues in [var.queues] : { label = "in the queue", of = ["queue", "ApproximateAgeOfOldestMessage", "Maximum"] } if queues != null],
      )
      mark = { label = "spark-freshness", value = local.t.freshness_seconds }
    },
    {
      title = "Lag: how much of the stream's ${local.retention_hours} hours is used up", unit = "hours", width = 12, period = 60
      lines = [
        { label = "the job", search = local.lag_search, divide = 3600000 },
        { label = "slowest consumer", of = ["stream", "GetRecords.IteratorAgeMilliseconds", "Maximum"], divide = 3600000 },
      ]
      mark = { label = "spark-behind", value = local.retention_hours * local.t.retention_percent / 100 }
    },
    {
      title = "Records and tasks", unit = "a minute", width = 12, period = 60
      lines = [
        { label = "records into the stream", of = ["stream", "IncomingRecords", "Sum"] },
        { label = "records out of the stream", of = ["stream", "GetRecords.Records", "Sum"] },
        { label = "tasks completed", of = ["job_counts", "glue.driver.aggregate.numCompletedTasks", "Sum"] },
      ]
    },
    {
      title = "Bytes", unit = "a minute", width = 12, period = 60
      lines = [
        { label = "into the stream", of = ["stream", "IncomingBytes", "Sum"] },
        { label = "out of the stream", of = ["stream", "GetRecords.Bytes", "Sum"] },
      ]
    },
    {
      title = "Set aside or lost: fetch or fix", unit = "in five minutes", width = 8, period = 300
      lines = concat(
        [for queue in [var.error_queue_name] : { label = "objects in the error prefix", of = ["errors", "NumberOfMessagesSent", "Sum"] } if queue != null],
        [for table in local.replicated : { label = "${table}: over 1 MB, lost", search = local.replication[table].FailedToReplicateRecordCount }],
      )
    },
    {
      title = "Throttled and failing", unit = "in five minutes", width = 8, period = 300
      lines = concat(
        [
          { label = "runs that failed", of = ["runs", "Invocations", "Sum"] },
          { label = "tasks that failed", of = ["job_counts", "glue.driver.aggregate.numFailedTasks", "Sum"] },
          { label = "stream: writes throttled", of = ["stream", "WriteProvisionedThroughputExceeded", "Sum"] },
          { label = "stream: reads throttled", of = ["stream", "ReadProvisionedThroughputExceeded", "Sum"] },
        ],
        [for table in local.replicated : { label = "${table}: throttled", search = local.replication[table].ThrottledPutRecordCount }],
      )
    },
    {
      title = "The driver: no line is a job that isn't running", unit = "MB", width = 8, period = 60
      lines = [{ label = "memory", of = ["job_gauges", "glue.driver.jvm.heap.used", "Maximum"], divide = 1000000 }]
    },
  ]

  graphs_of_queues = [
    for graph in [{
      title = "Notifications", unit = "messages", width = 24, period = 60
      lines = [
        { label = "new files", of = ["queue", "NumberOfMessagesSent", "Sum"] },
        { label = "done", of = ["queue", "NumberOfMessagesDeleted", "Sum"] },
        { label = "waiting", of = ["queue", "ApproximateNumberOfMessagesVisible", "Maximum"] },
        { label = "dead letters", of = ["dead_letters", "ApproximateNumberOfMessagesVisible", "Maximum"] },
      ]
    }] : graph if var.queues != null
  ]

  graphs_of_firehose_cost = [
    {
      title = "Cost: volume", unit = "GB an hour", width = 8, period = 3600
      lines = [
        { label = "Kinesis in", of = ["stream", "IncomingBytes", "Sum"], divide = 1000000000 },
        { label = "Kinesis out", of = ["stream", "GetRecords.Bytes", "Sum"], divide = 1000000000 },
        { label = "Firehose in (bills each record as a multiple of 5 KB)", of = ["firehose", "DataReadFromKinesisStream.Bytes", "Sum"], divide = 1000000000 },
        { label = "S3 in", of = ["firehose", "DeliveryToS3.Bytes", "Sum"], divide = 1000000000 },
      ]
    },
    {
      title = "Cost: function", unit = "an hour", width = 8, period = 3600
      lines = [
        { label = "invocations", of = ["function", "Invocations", "Sum"] },
        # A GB-second is 1,024 MB for 1,000 ms.
        { label = var.function_memory_mb == null ? "seconds" : "GB-seconds", of = ["function", "Duration", "Sum"], divide = 1000 * (var.function_memory_mb == null ? 1 : 1024 / var.function_memory_mb) },
      ]
    },
    {
      title = "Cost: counts", unit = "an hour", width = 8, period = 3600
      lines = concat(
        [{ label = "records", of = ["stream", "IncomingRecords", "Sum"] }],
        # Firehose counts objects only with dynamic partitioning; each file is one notification, so those are counted.
        [for objects in [{ label = "S3 objects", of = ["firehose", "DeliveryToS3.ObjectCount", "Sum"] }] : objects if var.dynamic_partitioning],
        [for queues in [var.queues] : { label = "S3 files notified", of = ["queue", "NumberOfMessagesSent", "Sum"] } if queues != null],
      )
    },
  ]

  graphs_of_direct_cost = [
    {
      title = "Cost: function", unit = "an hour", width = 12, period = 3600
      lines = [
        { label = "invocations", of = ["function", "Invocations", "Sum"] },
        { label = var.function_memory_mb == null ? "seconds" : "GB-seconds", of = ["function", "Duration", "Sum"], divide = 1000 * (var.function_memory_mb == null ? 1 : 1024 / var.function_memory_mb) },
      ]
    },
    {
      title = "Cost: counts", unit = "an hour", width = 12, period = 3600
      lines = concat(
        [for stream in [var.stream_name] : { label = "records into the stream", of = ["stream", "IncomingRecords", "Sum"] } if stream != null],
        [{ label = "S3 objects", of = ["rows", "ObjectsWritten", "Sum"] }],
        [for queues in [var.queues] : { label = "S3 files notified", of = ["queue", "NumberOfMessagesSent", "Sum"] } if queues != null],
      )
    },
  ]

  graphs_of_spark_cost = [
    {
      title = "Cost: volume (the job is billed by its hours)", unit = "GB an hour", width = 12, period = 3600
      lines = [
        { label = "Kinesis in", of = ["stream", "IncomingBytes", "Sum"], divide = 1000000000 },
        { label = "Kinesis out", of = ["stream", "GetRecords.Bytes", "Sum"], divide = 1000000000 },
      ]
    },
    {
      title = "Cost: counts", unit = "an hour", width = 12, period = 3600
      lines = concat(
        [{ label = "records", of = ["stream", "IncomingRecords", "Sum"] }],
        [for queues in [var.queues] : { label = "S3 files notified", of = ["queue", "NumberOfMessagesSent", "Sum"] } if queues != null],
      )
    },
  ]

  # The same in CloudWatch's terms, in which a line is either [namespace, metric, dimension, value, …, { options }] or
  # [{ expression }]. A metric that is divided appears twice: hidden, and as the expression's operand.
  widgets = [
    for graph in flatten([
      [for graphs in [local.graphs_of_firehose] : graphs if local.firehose], [for graphs in [local.graphs_of_direct] : graphs if local.direct], [for graphs in [local.graphs_of_spark] : graphs if local.spark],
      local.graphs_of_queues,
      [for graphs in [local.graphs_of_firehose_cost] : graphs if local.firehose], [for graphs in [local.graphs_of_direct_cost] : graphs if local.direct], [for graphs in [local.graphs_of_spark_cost] : graphs if local.spark],
      ]) : {
      type   = "metric"
      width  = graph.width
      height = 6
      properties = merge(
        {
          title  = graph.title
          region = data.aws_service_principal.here.region
          view   = "timeSeries"
          period = graph.period
          yAxis  = { left = { min = 0, label = graph.unit, showUnits = false } }
          metrics = concat([
            for at, line in graph.lines : concat(
              [
                for of in [try(line.of, null)] : concat(
                  [local.sources[of[0]].namespace, of[1]],
                  flatten([for name, value in local.sources[of[0]].dimensions : [name, value]]),
                  [{ id = "m${at}", stat = of[2], label = line.label, visible = !can(line.divide) }],
                ) if of != null
              ],
              [
                for operand in [try(line.search, "m${at}")] :
                [{ id = "e${at}", label = line.label, expression = join(" / ", compact([operand, try(line.divide, "")])) }]
                if can(line.search) || can(line.divide)
              ],
            )
          ]...)
        },
        { for mark in [try(graph.mark, null)] : "annotations" => { horizontal = [mark] } if mark != null },
      )
    }
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = local.of.table ? 1 : 0

  dashboard_name = var.name
  # Widgets without x and y are placed side by side until a row's 24 columns are full.
  dashboard_body = jsonencode({
    start          = "-PT6H"
    periodOverride = "inherit"
    widgets = concat(
      [{
        type   = "alarm"
        width  = 24
        height = 2 + ceil((length(local.alarms) + length(var.more_alarms)) / 4)
        properties = {
          title  = "Alarms: look here first"
          alarms = concat([for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn], var.more_alarms)
        }
      }],
      local.widgets,
    )
  })
}

moved {
  from = aws_cloudwatch_dashboard.this
  to   = aws_cloudwatch_dashboard.this[0]
}
