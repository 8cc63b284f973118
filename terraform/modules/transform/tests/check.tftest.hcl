# In a file of its own: each version is checked once, and the runs of a file share their state.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/orders" }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn           = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
      qualified_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:1"
      version       = "1"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders" }
  }
  mock_resource "aws_lambda_invocation" {
    defaults = { result = "{\"errorType\":\"Runtime.ExitError\"}" }
  }
}

variables {
  name                    = "orders"
  iam_propagation_seconds = 0
  package_file            = "README.md" # any file will do: nothing is run here
  schema = {
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string" }]
  }
}

run "rejects_a_version_that_rejects_its_schema" {
  expect_failures = [aws_lambda_invocation.check]
}
