# AWS in the tests of the root module, the modules and the examples. A test that needs another value
# has it beside `source`.
mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}
mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}
mock_data "aws_service_principal" {
  defaults = { region = "eu-central-1" }
}
mock_resource "aws_kinesis_stream" {
  defaults = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/orders" }
}
mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::123456789012:policy/orders-exports" }
}
mock_resource "aws_lambda_function" {
  defaults = {
    arn           = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
    qualified_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:1"
    version       = "1"
  }
}
# base64sha256(""): a mock knows no functions.
mock_data "aws_lambda_function" {
  defaults = { code_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
}
mock_resource "aws_lambda_invocation" {
  defaults = { result = "{\"records\":[],\"batchItemFailures\":[]}" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:orders" }
}
mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::orders-123456789012-eu-central-1" }
}
mock_resource "aws_kinesis_firehose_delivery_stream" {
  defaults = { arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders" }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:orders" }
}
mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:orders", url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders" }
}
mock_data "aws_dynamodb_table" {
  defaults = {
    stream_enabled   = true
    stream_view_type = "NEW_AND_OLD_IMAGES"
    stream_arn       = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"
  }
}
mock_resource "aws_dynamodb_table" {
  defaults = { stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000" }
}
mock_resource "aws_glue_job" {
  defaults = { arn = "arn:aws:glue:eu-central-1:123456789012:job/orders-spark" }
}
mock_resource "aws_lambda_alias" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:live" }
}
mock_resource "aws_lambda_event_source_mapping" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:event-source-mapping:0a1b", uuid = "0a1b" }
}
