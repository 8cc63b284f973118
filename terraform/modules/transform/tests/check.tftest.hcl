# A file of its own: the check is made once for each version, and runs of one file share their state.
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

run "rejects_a_version_that_refuses_its_schema" {
  expect_failures = [aws_lambda_invocation.check]
}
