# In a file of its own: .ci/bundle.py runs it too, and fills the bundle with its output.
mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name                    = "orders"
  schema_file             = "../examples/orders.schema.json"
  function                = { package_file = "metadata_columns.json" } # any file will do: nothing is run here
  iam_propagation_seconds = 0
}

run "the_bundle_gets_its_variables" {
  assert {
    condition = { for name, value in output.databricks_bundle_variables : name => value if name != "health_query" } == {
      name      = "orders-databricks"
      url       = "s3://orders-123456789012-eu-central-1/data/orders"
      queue_url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
    }
    error_message = "The credential's name, the files, the queue."
  }
  assert {
    condition = jsonencode(output.databricks_tables) == jsonencode([{
      name     = "orders"
      location = ""
      history  = false
      schema   = jsondecode(file("../examples/orders.schema.json"))
    }])
    error_message = "One table, right in the volume, with the schema file as it is."
  }
}

run "history_is_asked_for" {
  command = plan
  variables {
    databricks = { history = true }
  }
  assert {
    condition     = output.databricks_tables[0].history == true
    error_message = "The table's entry says so."
  }
}

run "another_role_of_databricks_goes_into_the_trust" {
  command = plan
  variables {
    databricks = { unity_catalog_role_arn = "arn:aws-us-gov:iam::044793339203:role/unity-catalog-prod-UCMasterRole-1QRFA8SGY15OJ" }
  }
  assert {
    condition     = strcontains(output.databricks_next_steps, "that isn't arn:aws-us-gov:iam::044793339203:role/unity-catalog-prod-UCMasterRole-1QRFA8SGY15OJ, set unity_catalog_role_arn to it")
    error_message = "The module has it."
  }
}
