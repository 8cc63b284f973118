mock_provider "aws" {
  source = "../../tests/aws"
  mock_data "aws_dynamodb_table" {
    defaults = { stream_enabled = true, stream_view_type = "NEW_IMAGE" }
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

run "rejects_a_table_whose_stream_lacks_the_old_images" {
  command         = plan
  expect_failures = [data.aws_dynamodb_table.this]
}
