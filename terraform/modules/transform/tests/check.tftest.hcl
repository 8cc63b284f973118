# In a file of its own: each version is checked once, and the runs of a file share their state.
mock_provider "aws" {
  source = "../../tests/aws"
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
