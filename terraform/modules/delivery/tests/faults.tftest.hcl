# Faults of common examples: AWS rejects them, or they lose data. Here each is rejected, or can't be expressed at all. The
# module table has the rest: an expression in the error prefix, and a table that doesn't say that it is Parquet.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                    = "orders"
  stream_arn              = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
  iam_propagation_seconds = 0
  transform = {
    function_arn  = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
    qualified_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
  }
  target = {
    bucket       = { name = "lake", arn = "arn:aws:s3:::lake" }
    database     = "lake"
    table        = "orders"
    data_prefix  = "data/orders/"
    error_prefix = "errors/orders/"
  }
}

run "fault_1_gzip_with_conversion_cannot_be_expressed" {
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].compression_format == "UNCOMPRESSED" && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].enabled
    error_message = "With conversion on, Firehose accepts UNCOMPRESSED only; there is no variable for it."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].output_format_configuration[0].serializer[0].parquet_ser_de[0].compression == "SNAPPY"
    error_message = "Parquet compresses by itself."
  }
}

run "fault_2_there_is_always_a_schema_configuration" {
  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].database_name == var.target.database
      && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].table_name == var.target.table
      && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].version_id == "LATEST"
    )
    error_message = "The Glue table that is made from the schema file, in its latest version."
  }
}

run "fault_3_there_is_always_an_input_format" {
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].input_format_configuration[0].deserializer[0].open_x_json_ser_de[0].case_insensitive == false
    error_message = "OpenX, with the case of names kept."
  }
}

run "fault_3_rejects_buffer_under_64_mb" {
  command = plan
  variables { buffering_size_mb = 5 }
  expect_failures = [var.buffering_size_mb]
}

run "fault_4_there_is_always_an_error_prefix" {
  assert {
    condition     = strcontains(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix, "!{") && strcontains(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix, "!{firehose:error-output-type}")
    error_message = "A prefix with expressions needs an error prefix with the kind of error."
  }
}
