# The table's own stream. No resource of Terraform switches it on for a table that is made elsewhere, so it has to be on.
data "aws_dynamodb_table" "this" {
  count = var.changes_from == "dynamodb_streams" ? 1 : 0

  # Of a given stream the table's name is in its ARN: …:table/NAME/stream/LABEL.
  name = var.source_arn == null ? coalesce(var.table_name, module.schema[0].table) : split("/", var.source_arn)[1]

  lifecycle {
    postcondition {
      condition     = self.stream_enabled && self.stream_view_type == "NEW_AND_OLD_IMAGES"
      error_message = <<-TEXT
        changes_from: the DynamoDB table ${self.name} has no stream with both images (${self.stream_enabled ? "its view is ${self.stream_view_type}; switch the stream off first, as a view can't be changed" : "its stream is off"}). In its aws_dynamodb_table:
          stream_enabled = true, stream_view_type = "NEW_AND_OLD_IMAGES"
        or by hand:
          aws dynamodb update-table --table-name ${self.name} --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES
      TEXT
    }
    # An old stream of the table can be read for a day, and then nothing comes.
    postcondition {
      condition     = var.source_arn == null || self.stream_arn == var.source_arn
      error_message = "source_arn: ${coalesce(var.source_arn, "-")} is not the stream that the DynamoDB table ${self.name} has now, ${self.stream_arn}: each time that the stream is switched on, it is a new one. Give that, or null to look it up."
    }
  }
}

locals {
  source_arn = var.source_arn != null ? var.source_arn : one(data.aws_dynamodb_table.this[*].stream_arn)

  # Two hours before the stream forgets a record Lambda gives it up, so that it is on S3 before it is gone. Without an age
  # it would be retried until it expires, and then be gone without a trace. Lambda takes a week at most. Records that are older
  # already when the mapping is made go there too, without a call of the function: TRIM_HORIZON begins with them.
  retention_seconds          = (var.changes_from == "kinesis" ? var.retention_hours : 24) * 3600
  maximum_record_age_seconds = coalesce(var.maximum_record_age_seconds, min(604800, local.retention_seconds - 7200))
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn = local.source_arn
  # The alias: a new version moves it, and the mapping stays as it is. An update of the mapping stops it for minutes.
  function_name     = aws_lambda_alias.live.arn
  starting_position = "TRIM_HORIZON" # with LATEST changes would be missed while the mapping is being made
  tags              = var.tags

  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batching_window_seconds
  parallelization_factor             = var.parallelization_factor

  # Only storage fails a batch, and the panic of a version that was not tested. Storage comes back, so the batch is tried until
  # its records' age ends it; what makes a version panic is narrowed down by halves.
  function_response_types        = ["ReportBatchItemFailures"]
  maximum_retry_attempts         = -1
  maximum_record_age_in_seconds  = local.maximum_record_age_seconds
  bisect_batch_on_function_error = true

  destination_config {
    on_failure {
      destination_arn = var.on_failure_bucket.arn
    }
  }

  # Events polled, given up and dropped: without it Lambda writes none of these metrics.
  metrics_config {
    metrics = ["EventCount"]
  }

  dynamic "filter_criteria" {
    for_each = length(var.filters) == 0 ? [] : [1]

    content {
      dynamic "filter" {
        for_each = var.filters

        content {
          pattern = filter.value
        }
      }
    }
  }
  kms_key_arn = var.filters_kms_key == null ? null : var.filters_kms_key.arn

  lifecycle {
    # Naming here what must be ready puts it first.
    precondition {
      condition     = alltrue([for ready in var.ready : ready != ""])
      error_message = "ready: should hold other modules' output `ready`, but one of them is empty."
    }
  }

  depends_on = [module.iam_propagation, aws_iam_role_policy.this]
}
