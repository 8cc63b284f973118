mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  package_file            = "main.tf" # any file will do: nothing is run here
  iam_propagation_seconds = 0
}

run "one_function_and_three_tables" {
  assert {
    condition     = keys(output.lake_tables) == ["shop_customers", "shop_order_lines", "shop_orders"] && output.function_name == "dynalake-single-shop-direct"
    error_message = "Each schema file's."
  }
  assert {
    condition     = [for table in output.databricks_tables : [table.name, table.location]] == [["shop_customers", "shop_customers"], ["shop_order_lines", "shop_order_lines"], ["shop_orders", "shop_orders"]]
    error_message = "One pipeline in Databricks makes all three."
  }
}
