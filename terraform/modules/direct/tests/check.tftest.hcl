# In a file of its own: each version is checked once, and the runs of a file share their state.
mock_provider "aws" {
  source = "../../tests/aws"
  # What Firehose's function would answer.
  mock_resource "aws_lambda_invocation" {
    defaults = { result = "{\"errorMessage\":\"records is missing\"}" }
  }
}

variables {
  name                    = "orders"
  iam_propagation_seconds = 0
  package_file            = "README.md" # any file will do: nothing is run here
  schemas = [{
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string" }]
  }]
  targets = [{
    bucket       = { name = "lake", arn = "arn:aws:s3:::lake" }
    data_prefix  = "data/orders/"
    error_prefix = "errors/orders/"
  }]
  on_failure_bucket = { name = "failures", arn = "arn:aws:s3:::failures" }
}

run "rejects_a_version_that_rejects_its_schema" {
  expect_failures = [aws_lambda_invocation.check]
}
