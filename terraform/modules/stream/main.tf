locals {
  stream = var.existing == null ? {
    name            = aws_kinesis_stream.this[0].name
    arn             = aws_kinesis_stream.this[0].arn
    retention_hours = aws_kinesis_stream.this[0].retention_period
    } : {
    name            = split("/", var.existing.arn)[1]
    arn             = var.existing.arn
    retention_hours = var.existing.retention_hours
  }
}

resource "aws_kinesis_stream" "this" {
  count = var.existing == null ? 1 : 0

  name             = var.name
  shard_count      = var.shard_count
  retention_period = var.retention_hours
  encryption_type  = "KMS"
  kms_key_id       = var.kms_key == null ? "alias/aws/kinesis" : var.kms_key.arn
  tags             = var.tags

  stream_mode_details {
    stream_mode = var.shard_count == null ? "ON_DEMAND" : "PROVISIONED"
  }
}

moved {
  from = aws_kinesis_stream.this
  to   = aws_kinesis_stream.this[0]
}

# A warning of plan and apply, as a destination that was imported keeps its precision.
check "precision" {
  assert {
    condition     = alltrue([for destination in aws_dynamodb_kinesis_streaming_destination.this : destination.approximate_creation_date_time_precision != "MILLISECOND"])
    error_message = "${join(", ", [for table, destination in aws_dynamodb_kinesis_streaming_destination.this : table if destination.approximate_creation_date_time_precision == "MILLISECOND"])}: the destination has milliseconds. Several changes of an item in one of them keep their order, but where one of them comes again (DynamoDB writes a record twice, or a replay), an older state may win until the item's next change: see queries/ties.sql. To change it, switch the destination off and on with MICROSECOND while nobody writes, as what is changed between is lost."
  }
}
