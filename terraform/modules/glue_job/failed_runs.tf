# Runs that failed: Glue's event of each goes into a queue, where it stays for 14 days, with the run's id and its message. The
# module monitoring has alarms on the rule's metric. Not a topic, as only a topic whose policy names events.amazonaws.com
# would get them, and without a word otherwise.

locals {
  failed_runs      = "${var.name}-failed-runs"
  failed_runs_rule = "arn:${data.aws_partition.current.partition}:events:${local.region}:${data.aws_caller_identity.current.account_id}:rule/${local.failed_runs}"
  failed_runs_arn  = "arn:${data.aws_partition.current.partition}:sqs:${local.region}:${data.aws_caller_identity.current.account_id}:${local.failed_runs}"
}

resource "aws_cloudwatch_event_rule" "failed_runs" {
  name        = local.failed_runs
  description = "Runs of ${local.job_name} that failed"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change"]
    detail = {
      jobName = [local.job_name]
      state   = ["FAILED", "TIMEOUT"]
      # The trigger's start beside a run that goes on is a failed run too
      # (https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html), and means that all is well.
      message = [{ exists = false }, { anything-but = { wildcard = "*oncurrent runs*" } }]
    }
  })
}

resource "aws_cloudwatch_event_target" "failed_runs" {
  rule = aws_cloudwatch_event_rule.failed_runs.name
  arn  = aws_sqs_queue.failed_runs.arn
}

resource "aws_sqs_queue" "failed_runs" {
  name                      = local.failed_runs
  message_retention_seconds = 14 * 86400
  sqs_managed_sse_enabled   = true # not by kms_key: its policy would have to name EventBridge, and the events hold no values
  tags                      = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnRuleSends"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.failed_runs_arn
        Condition = { ArnEquals = { "aws:SourceArn" = local.failed_runs_rule } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.failed_runs_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
