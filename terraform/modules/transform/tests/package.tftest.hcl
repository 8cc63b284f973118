mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                    = "orders"
  iam_propagation_seconds = 0
  schema = {
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string" }]
  }
}

run "a_file_has_its_own_hash" {
  command = plan
  variables { package_file = "README.md" } # any file will do: nothing is run here
  assert {
    condition     = aws_lambda_function.this.filename == "README.md" && aws_lambda_function.this.source_code_hash == filebase64sha256("README.md") && length(data.aws_lambda_function.this) == 0
    error_message = "Other bytes make another version."
  }
}

run "an_object_by_its_version" {
  variables { package = { s3_bucket = "packages", s3_key = "bootstrap.zip", s3_object_version = "3sL4kqtJlcpXroDTDmJ" } }
  assert {
    condition     = aws_lambda_function.this.filename == null && [aws_lambda_function.this.s3_bucket, aws_lambda_function.this.s3_key, aws_lambda_function.this.s3_object_version] == ["packages", "bootstrap.zip", "3sL4kqtJlcpXroDTDmJ"]
    error_message = "Lambda gets it from there."
  }
  assert {
    condition     = length(data.aws_lambda_function.this) == 0
    error_message = "There is no hash to compare."
  }
}

run "an_object_by_its_hash" {
  variables {
    package        = { s3_bucket = "packages", s3_key = "bootstrap.zip" }
    package_sha256 = sha256("") # what the mocked Lambda says
  }
  assert {
    condition     = aws_lambda_function.this.s3_object_version == null && aws_lambda_function.this.source_code_hash == base64sha256("") && data.aws_lambda_function.this[0].qualifier == "1"
    error_message = "Another hash makes another version, and the version that was published has it."
  }
}

run "rejects_an_object_with_another_hash" {
  variables {
    package        = { s3_bucket = "packages", s3_key = "bootstrap.zip" }
    package_sha256 = sha256("another zip")
  }
  expect_failures = [data.aws_lambda_function.this]
}

run "rejects_a_schema_in_an_object" {
  command = plan
  variables {
    package           = { s3_bucket = "packages", s3_key = "bootstrap.zip", s3_object_version = "1" }
    schema            = jsondecode(file("../../../examples/orders.schema.json"))
    schema_in_package = "../../../examples/orders.schema.json"
  }
  expect_failures = [var.schema_in_package]
}
