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
      error_message = "consumers: should be ARNs of Firehose delivery streams, such as [module.delivery.delivery_stream_arn]."
    }
    precondition {
      condition     = alltrue([for ready in var.ready : ready != ""])
      error_message = "ready: should hold other modules' output `ready`, but one of them is empty."
    }
  }
}
