# The five faults of common examples: AWS rejects them, or they lose data. Here each is rejected, or can't be expressed
# at all.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_service_principal" {
    defaults = { region = "eu-central-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/orders-firehose" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::orders-123456789012-eu-central-1" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/kinesisfirehose/orders" }
  }
  mock_resource "aws_kinesis_firehose_delivery_stream" {
    defaults = { arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders" }
  }
}

variables {
  name                    = "orders"
  stream_arn              = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
  iam_propagation_seconds = 0
  transform = {
    function_arn  = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
    qualified_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
  }
  schema = {
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string", comment = "partition key" }]
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
      aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].database_name == aws_glue_catalog_table.this.database_name
      && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].table_name == aws_glue_catalog_table.this.name
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

run "fault_4_rejects_an_expression_in_the_error_prefix" {
  command = plan
  variables { error_prefix = "errors/!{timestamp:yyyy}/" }
  expect_failures = [var.error_prefix]
}

run "fault_5_readers_are_told_that_it_is_parquet" {
  assert {
    condition = (
      aws_glue_catalog_table.this.parameters["classification"] == "parquet"
      && aws_glue_catalog_table.this.storage_descriptor[0].ser_de_info[0].serialization_library == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      && aws_glue_catalog_table.this.storage_descriptor[0].input_format == "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    )
    error_message = "The objects are Parquet, and the table says so."
  }
}
