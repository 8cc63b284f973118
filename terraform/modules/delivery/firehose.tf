locals {
  # Firehose's own defaults must not be declared: the provider does not keep them in its state, so each plan would
  # show them as new. What is left out is still sent, with its default.
  processor_parameters = merge(
    { LambdaArn = var.transform.qualified_arn },
    var.transform_buffer_size_mb == 1 ? {} : { BufferSizeInMBs = tostring(var.transform_buffer_size_mb) },
    var.transform_buffer_interval_seconds == 60 ? {} : { BufferIntervalInSeconds = tostring(var.transform_buffer_interval_seconds) },
  )
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  #checkov:skip=CKV_AWS_240: Server-side encryption of a delivery stream is for Direct PUT; with a Kinesis source the stream's own encryption counts, and it is on.
  #checkov:skip=CKV_AWS_241: As above; stream and bucket have their own customer managed keys where the user gives them.
  name        = var.name
  destination = "extended_s3"
  tags        = var.tags

  kinesis_source_configuration {
    kinesis_stream_arn = var.stream_arn
    role_arn           = local.role_arn
  }

  extended_s3_configuration {
    role_arn            = local.role_arn
    bucket_arn          = local.bucket.arn
    prefix              = "${var.target.data_prefix}${local.partitions[var.target.partition_by]}"
    error_output_prefix = "${var.target.error_prefix}!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    buffering_size      = var.buffering_size_mb
    buffering_interval  = var.buffering_interval_seconds
    # Parquet compresses by itself; with conversion on, AWS rejects anything else here.
    compression_format = "UNCOMPRESSED"
    # Without a key the bucket's own encryption counts.
    kms_key_arn = local.bucket.kms_key == null ? null : local.bucket.kms_key.arn

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.this.name
      log_stream_name = aws_cloudwatch_log_stream.this.name
    }

    dynamic "dynamic_partitioning_configuration" {
      for_each = var.target.partition_by == "event_time" ? [1] : []
      content {
        enabled = true
      }
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        dynamic "parameters" {
          for_each = local.processor_parameters
          content {
            parameter_name  = parameters.key
            parameter_value = parameters.value
          }
        }
      }
    }

    data_format_conversion_configuration {
      enabled = true

      input_format_configuration {
        deserializer {
          open_x_json_ser_de {
            # Otherwise keys of maps lose their capitals, and two that differ only in case fail the record.
            case_insensitive = false
          }
        }
      }

      output_format_configuration {
        serializer {
          parquet_ser_de {
            compression = "SNAPPY"
          }
        }
      }

      schema_configuration {
        database_name = var.target.database
        table_name    = var.target.table
        role_arn      = local.role_arn
        region        = local.region
        version_id    = "LATEST"
      }
    }
  }

  depends_on = [
    aws_iam_role_policy.this,
    aws_lakeformation_permissions.database,
    aws_lakeformation_permissions.table,
    module.iam_propagation,
  ]
}

module "iam_propagation" {
  source = "../iam_propagation"
  count  = var.role != null || var.iam_propagation_seconds == 0 ? 0 : 1

  permissions = [local.role_arn, one(aws_iam_role_policy.this[*].policy)]
  seconds     = var.iam_propagation_seconds
}

moved {
  from = module.iam_propagation
  to   = module.iam_propagation[0]
}

# Where Lake Formation governs the database, IAM's right to read the table is not enough: AWS checks at creation whether
# Firehose's role may read it.
resource "aws_lakeformation_permissions" "database" {
  count = var.lake_formation ? 1 : 0

  principal   = local.role_arn
  permissions = ["DESCRIBE"]

  database {
    name = var.target.database
  }
}

resource "aws_lakeformation_permissions" "table" {
  count = var.lake_formation ? 1 : 0

  principal   = local.role_arn
  permissions = ["DESCRIBE", "SELECT"]

  table {
    database_name = var.target.database
    name          = var.target.table
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: Logs are encrypted by AWS' own key unless kms_key is given; Firehose logs error codes and no data.
  #checkov:skip=CKV_AWS_338: A month is enough to find a fault, and the retention is a setting.
  name              = "/aws/kinesisfirehose/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key == null ? null : var.kms_key.arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_stream" "this" {
  name           = "DestinationDelivery"
  log_group_name = aws_cloudwatch_log_group.this.name
}
