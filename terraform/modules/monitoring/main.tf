# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "here" {
  service_name = "logs"
}

locals {
  # Where each metric lives. A metric is found only by exactly the dimensions that it was written with.
  sources = {
    stream       = { namespace = "AWS/Kinesis", dimensions = { StreamName = var.stream_name } }
    function     = { namespace = "AWS/Lambda", dimensions = { FunctionName = var.function_name } }
    rows         = { namespace = "dynalake", dimensions = { delivery_stream = var.delivery_stream_name } }
    firehose     = { namespace = "AWS/Firehose", dimensions = { DeliveryStreamName = var.delivery_stream_name } }
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
        local.alarms_always,
        { for subject, alarm in local.alarms_dynamic_partitioning : subject => alarm if var.dynamic_partitioning },
        { for subject, alarm in local.alarms_queues : subject => alarm if var.queues != null },
        ) : subject => {
        metric       = merge(local.sources[alarm.source], { name = alarm.metric, stat = alarm.stat })
        queries      = []
        is           = alarm.is
        threshold    = alarm.threshold
        window       = alarm.window
        missing_data = "notBreaching"
        description  = "${alarm.happened} First: ${alarm.first}"
        entry        = subject
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
        # AWS' pages differ on whether this counts: alarms on DynamoDB's metrics may keep their state while data is missing.
        missing_data = "notBreaching"
        description  = "${alarm.happened} First: ${alarm.first}"
        entry        = trimsuffix(subject, "-${alarm.table}")
      }
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
        entry        = trimsuffix(subject, "-${try(alarm.from.dimensions.TableName, "")}")
      }
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
        description  = "No row has been made for ${local.t.expect_traffic_minutes} minutes, although thresholds.expect_traffic_minutes says that there is always traffic. First: see whether ${join(", ", var.tables)} is written to at all; if so, replication-stopped and firehose-stopped show where it ends."
        entry        = subject
      } if local.t.expect_traffic_minutes != null
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
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = var.tags

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
