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
