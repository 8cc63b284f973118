# .ci/bundle.py runs it too, and fills the bundle with its output.
mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  package_file            = "main.tf" # any file will do: nothing is run here
  iam_propagation_seconds = 0
}

run "one_pipeline_for_all_tables" {
  assert {
    condition = [for table in output.databricks_tables : [table.name, table.location, table.schema.table]] == [
      ["customers", "customers", "customers"],
      ["orders", "orders", "orders"],
    ]
    error_message = "Both tables, each in its folder of the one volume."
  }
  assert {
    condition     = output.databricks_bundle_variables.url == "s3://dynalake-shop-123456789012-eu-central-1/data"
    error_message = "One external location that holds both."
  }
}
