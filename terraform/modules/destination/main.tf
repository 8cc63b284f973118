resource "aws_dynamodb_kinesis_streaming_destination" "this" {
  for_each = var.tables

  stream_arn = var.stream_arn
  table_name = each.value
  # Finer than a millisecond: `_sequence` begins with this time.
  approximate_creation_date_time_precision = "MICROSECOND"

  lifecycle {
    # Another precision would be a new destination, and changes made until it is active would be lost (hashicorp/aws
    # 49342). An imported destination keeps its precision; the function reads both.
    ignore_changes = [approximate_creation_date_time_precision]

    # Naming the consumers here, and what must be ready, puts them first: they are active before the first change flows,
    # and on destroy the destination goes before they do.
    precondition {
      condition     = alltrue([for consumer in var.consumers : startswith(consumer, "arn:")])
      error_message = "consumers: should be ARNs, of Firehose delivery streams, of the direct way's mapping or of a Spark job: [module.delivery.delivery_stream_arn], [module.direct.mapping_arn], [module.glue_job.job_arn]."
    }
    precondition {
      condition     = alltrue([for ready in var.ready : ready != ""])
      error_message = "ready: should hold other modules' output `ready`, but one of them is empty."
    }
  }
}

# A warning of plan and apply, as a destination that was imported keeps its precision.
check "precision" {
  assert {
    condition     = alltrue([for destination in aws_dynamodb_kinesis_streaming_destination.this : destination.approximate_creation_date_time_precision != "MILLISECOND"])
    error_message = "${join(", ", [for table, destination in aws_dynamodb_kinesis_streaming_destination.this : table if destination.approximate_creation_date_time_precision == "MILLISECOND"])}: the destination has milliseconds. Several changes of an item in one of them keep their order, but where one of them comes again (DynamoDB writes a record twice, or a replay), an older state may win until the item's next change: see queries/ties.sql. To change it, switch the destination off and on with MICROSECOND while nobody writes, as what is changed between is lost."
  }
}
