# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "here" {
  service_name = "logs"
}

locals {
  firehose = var.via == "firehose"
  direct   = var.via == "direct"
  spark    = var.via == "spark"

  of = { for part in ["table", "stream", "queues"] : part => contains(var.parts, part) }

  # What is null belongs to a part that isn't watched here, so its alarms are not made.
  stream_name              = coalesce(var.stream_name, "-")
  retention_hours          = coalesce(var.retention_hours, 24)
  function_name            = coalesce(var.function_name, "-")
  function_timeout_seconds = coalesce(var.function_timeout_seconds, 1)
  delivery_stream_name     = coalesce(var.delivery_stream_name, "-")
  # Known only once the mapping exists, so nothing may ask whether it is null.
  mapping_uuid = local.direct ? var.mapping_uuid : "-"

  # As with the mapping: nothing may ask whether what is in it is null.
  job = local.spark && local.of.table ? var.job : { name = "-", log_group = "-", failed_runs_rule = "-" }

  # How long the direct function's source keeps a change.
  kept = var.stream_name == null ? "24 hours" : "${local.retention_hours} hours"

  # When Lambda gives it up, and whether that can be later: not after a week, and not after a table's own stream forgets.
  record_age     = coalesce(var.maximum_record_age_seconds, min(604800, local.retention_hours * 3600 - 7200))
  given_up       = local.record_age < 7200 ? "${local.record_age} s" : "${floor(local.record_age / 3600)} hours"
  given_up_later = local.record_age < (var.stream_name == null ? 79200 : 597600)
  gain_time = !local.given_up_later ? "Nothing prolongs that: find the cause now." : var.stream_name == null ? (
    "Gain time now: raise maximum_record_age_seconds (79200 at most), and apply."
    ) : (
    "Gain time now: raise retention_hours (and maximum_record_age_seconds, if it is set), and apply, which moves both."
  )

  # How long the function may write no metrics although changes wait: while a batch is gathered, or is tried.
  direct_period = max(300, ceil(max(coalesce(var.batching_window_seconds, 0), local.function_timeout_seconds) / 60) * 60)

  # Whether records of another table may come into the function.
  shared_stream = var.shared_stream || length(var.tables) > 1

  # Who is told. An alarm that needs nobody at night goes to the tickets.
  actions = { lost = var.alarm_actions, late = var.alarm_actions, look = var.ticket_actions }

  # The Firehose function's metrics are named after the delivery stream, the direct function's after itself.
  rows_dimensions = { (local.direct ? "function" : "delivery_stream") = local.direct ? local.function_name : local.delivery_stream_name }

  # Where each metric lives. A metric is found only by exactly the dimensions that it was written with.
  sources = {
    stream       = { namespace = "AWS/Kinesis", dimensions = { StreamName = local.stream_name } }
    function     = { namespace = "AWS/Lambda", dimensions = { FunctionName = local.function_name } }
    mapping      = { namespace = "AWS/Lambda", dimensions = { EventSourceMappingUUID = local.mapping_uuid } }
    rows         = { namespace = "dynalake", dimensions = local.rows_dimensions }
    firehose     = { namespace = "AWS/Firehose", dimensions = { DeliveryStreamName = local.delivery_stream_name } }
    runs         = { namespace = "AWS/Events", dimensions = { RuleName = local.job.failed_runs_rule } }
    job_counts   = { namespace = "Glue", dimensions = { JobName = local.job.name, JobRunId = "ALL", Type = "count" } }
    job_gauges   = { namespace = "Glue", dimensions = { JobName = local.job.name, JobRunId = "ALL", Type = "gauge" } }
    errors       = { namespace = "AWS/SQS", dimensions = { QueueName = coalesce(var.error_queue_name, "-") } }
    queue        = { namespace = "AWS/SQS", dimensions = { QueueName = try(var.queues.queue_name, "") } }
    dead_letters = { namespace = "AWS/SQS", dimensions = { QueueName = try(var.queues.dead_letter_queue_name, "") } }
  }

  # The page of the alarms' descriptions; a heading for each kind of alarm, without the table's name.
  runbook = "docs/operations/runbook.md"

  comparison = { ">" = "GreaterThanThreshold", "<" = "LessThanThreshold" }

  # The tables of alarms.tf in the resource's terms: each alarm has either a metric or queries.
  alarms = merge(
    {
      for subject, alarm in merge(
        { for subject, alarm in local.alarms_stream : subject => alarm if local.of.stream },
        { for subject, alarm in local.alarms_table : subject => alarm if local.of.table && local.firehose },
        { for subject, alarm in local.alarms_spark : subject => alarm if local.of.table && local.spark },
        { for subject, alarm in local.alarms_direct : subject => alarm if local.of.table && local.direct },
        { for subject, alarm in local.alarms_dynamic_partitioning : subject => alarm if local.of.table && var.dynamic_partitioning },
        { for subject, alarm in local.alarms_queues : subject => alarm if local.of.queues && var.queues != null && (subject != "queue-age" || try(var.queues.read, false)) },
        { for subject, alarm in local.alarms_errors : subject => alarm if local.of.queues && var.error_queue_name != null },
        ) : subject => {
        metric       = merge(local.sources[alarm.source], { name = alarm.metric, stat = alarm.stat })
        queries      = []
        is           = alarm.is
        threshold    = alarm.threshold
        window       = alarm.window
        missing_data = "notBreaching"
        description  = "${alarm.happened} First: ${alarm.first}"
        entry        = subject
        severity     = alarm.severity
      }
    },
    {
      for subject, alarm in local.alarms_replication : subject => {
        metric = null
        queries = [{
          id         = "q1"
          expression = "SELECT ${alarm.select} FROM SCHEMA(\"AWS/DynamoDB\", TableName, DelegatedOperation) WHERE TableName = '${alarm.table}'"
          metric     = null
        }]
        is        = alarm.is
        threshold = alarm.threshold
        window    = alarm.window
        # AWS' pages differ on whether this counts. API reference, PutMetricAlarm: alarms on AWS/DynamoDB "always ignore
        # missing data even if you choose a different option". User guide: they "default to ignore missing data. You can
        # override this". By the first, replication-failed stays in ALARM until it is reset by hand (runbook).
        missing_data = "notBreaching"
        description  = "${alarm.happened} First: ${alarm.first}"
        entry        = trimsuffix(subject, "-${alarm.table}")
        severity     = alarm.severity
      } if local.of.table && var.stream_name != null
    },
    {
      for subject, alarm in local.alarms_spark_lag : subject => {
        metric = null
        queries = [{
          id         = "q1"
          expression = "SELECT MAX(\"${local.lag}\") FROM \"Glue\" WHERE JobName = '${local.job.name}'"
          metric     = null
        }]
        is           = ">"
        threshold    = alarm.threshold
        window       = [300, 3, 3]
        missing_data = "notBreaching"
        description  = "${alarm.happened} First: ${alarm.first}"
        entry        = subject
        severity     = alarm.severity
      } if local.of.table && local.spark
    },
    {
      for subject, alarm in local.stopped : subject => {
        metric = null
        queries = [
          { id = "stopped", expression = "IF(FILL(upstream, 0) > 0 AND FILL(downstream, 0) == 0, 1, 0)", metric = null },
          { id = "upstream", expression = null, metric = alarm.from },
          { id = "downstream", expression = null, metric = alarm.to },
        ]
        is           = ">"
        threshold    = 0
        window       = local.stopped_window
        missing_data = "notBreaching"
        description  = "${alarm.happened} First: ${alarm.first}"
        entry        = startswith(subject, "replication-") ? trimsuffix(subject, "-${alarm.from.dimensions.TableName}") : subject
        severity     = alarm.severity
      } if local.of.table
    },
    {
      # What S3 rejects for good (403, 404) fails at once, and nothing else counts it: no invocation fails, and there are
      # few PUTs. Of records that were not stored the function counts only that they came.
      for subject in ["direct-not-stored"] : subject => {
        metric = null
        queries = [
          { id = "stuck", expression = "IF(FILL(came, 0) > 0 AND (FILL(ok, 0) + FILL(dropped, 0) + FILL(failed, 0)) == 0, 1, 0)", metric = null },
          { id = "came", expression = null, metric = merge(local.sources.rows, { metric = "RecordsIn" }) },
          { id = "ok", expression = null, metric = merge(local.sources.rows, { metric = "RecordsOk" }) },
          { id = "dropped", expression = null, metric = merge(local.sources.rows, { metric = "RecordsDropped" }) },
          { id = "failed", expression = null, metric = merge(local.sources.rows, { metric = "RecordsFailed" }) },
        ]
        is           = ">"
        threshold    = 0
        window       = [local.direct_period, 2, 3]
        missing_data = "notBreaching"
        description  = "The function gets changes, but stores none: S3 rejects its objects. Late, not lost: the same batches come again until they are ${local.given_up} old, then Lambda puts them into the on-failure bucket. First: aws logs tail /aws/lambda/${local.function_name} --since 30m --filter-pattern ERROR gives S3's code: 403 is the role, the bucket's policy or its key; 404 is the bucket; 301 or 307 its Region."
        entry        = subject
        severity     = "late"
      } if local.of.table && local.direct
    },
    {
      # A warning before the limit: past it DynamoDB's writes into the stream are throttled. On-demand capacity has no limit
      # that can be named here.
      for subject in ["stream-capacity"] : subject => {
        metric = null
        queries = [
          { id = "used", expression = "100 * MAX([bytes / ${var.shard_count * 1048576 * 300}, records / ${var.shard_count * 1000 * 300}])", metric = null },
          { id = "bytes", expression = null, metric = merge(local.sources.stream, { metric = "IncomingBytes" }) },
          { id = "records", expression = null, metric = merge(local.sources.stream, { metric = "IncomingRecords" }) },
        ]
        is           = ">"
        threshold    = local.t.capacity_percent
        window       = [300, 3, 3]
        missing_data = "notBreaching"
        description  = "The stream's ${var.shard_count} shards take over ${local.t.capacity_percent} % of what they can (1 MB and 1,000 records a second each); at 100 % changes wait in DynamoDB. First: raise shard_count, or set it to null for on-demand capacity."
        entry        = subject
        severity     = "look"
      } if local.of.stream && var.shard_count != null
    },
    {
      for subject in ["no-traffic"] : subject => {
        metric = null
        # Rows, not records: on a stream of several tables, records of the others come all the time.
        # Filled, because CloudWatch otherwise waits for some more periods before it takes missing data for missing.
        queries = [
          { id = "rows", expression = "FILL(made, 0)", metric = null },
          { id = "made", expression = null, metric = merge(local.sources.rows, { metric = "RecordsOk" }) },
        ]
        is           = "<"
        threshold    = 1
        window       = [local.t.expect_traffic_minutes * 60, 1, 1]
        missing_data = "breaching"
        description  = "No row has been made for ${local.t.expect_traffic_minutes} minutes, although thresholds.expect_traffic_minutes says that there is always traffic. First: see whether ${join(", ", var.tables)} is written to at all; if so, ${local.direct ? "direct-stopped and direct-not-stored show" : "replication-stopped and firehose-stopped show"} where it ends."
        entry        = subject
        severity     = "late"
      } if local.of.table && !local.spark && local.t.expect_traffic_minutes != null
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.description} Runbook: ${local.runbook}#${each.value.entry}"
  comparison_operator = local.comparison[each.value.is]
  threshold           = each.value.threshold
  datapoints_to_alarm = each.value.window[1]
  evaluation_periods  = each.value.window[2]
  treat_missing_data  = each.value.missing_data
  alarm_actions       = local.actions[each.value.severity]
  ok_actions          = local.actions[each.value.severity]
  tags                = merge(var.tags, { severity = each.value.severity })

  namespace   = try(each.value.metric.namespace, null)
  metric_name = try(each.value.metric.name, null)
  dimensions  = try(each.value.metric.dimensions, null)
  statistic   = try(each.value.metric.stat, null)
  period      = each.value.metric == null ? null : each.value.window[0]

  dynamic "metric_query" {
    for_each = each.value.queries
    iterator = query

    content {
      id         = query.value.id
      expression = query.value.expression
      # The alarm watches the result; the metrics that go into it are only named.
      return_data = query.value.metric == null
      period      = startswith(coalesce(query.value.expression, "-"), "SELECT") ? each.value.window[0] : null

      dynamic "metric" {
        for_each = query.value.metric == null ? [] : [query.value.metric]

        content {
          namespace   = metric.value.namespace
          metric_name = metric.value.metric
          dimensions  = metric.value.dimensions
          stat        = "Sum"
          period      = each.value.window[0]
        }
      }
    }
  }
}
