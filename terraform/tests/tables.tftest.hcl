# Several tables in one root.
mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name                    = "shop"
  function                = { package_file = "metadata_columns.json", memory_size = 512 } # any file will do: nothing is run here
  iam_propagation_seconds = 0
  tables = {
    orders    = { schema_files = ["../examples/orders.schema.json"] }
    customers = { schema_files = ["../examples/customers.schema.json"], table_name = "customers-prod" }
  }
}

run "each_table_has_its_own_and_shares_the_rest" {
  assert {
    condition = { for key, table in output.tables : key => [table.table_name, table.stream_name, table.function_name, table.delivery_stream_name, table.location, table.glue_table, table.dashboard_name] } == {
      orders    = ["orders", "shop-orders", "shop-orders", "shop-orders", "s3://shop-123456789012-eu-central-1/data/orders/", "orders", "shop-orders"]
      customers = ["customers-prod", "shop-customers", "shop-customers", "shop-customers", "s3://shop-123456789012-eu-central-1/data/customers/", "customers", "shop-customers"]
    }
    error_message = "By name and key; a stream each."
  }
  assert {
    condition     = output.bucket != null && output.glue_database == "shop" && output.queue_url != null && output.table_name == null && output.stream_name == null && output.location == null
    error_message = "One bucket, one database, one queue; outputs of one table are null."
  }
  assert {
    condition = sort([for name in output.alarm_names : name if !startswith(name, "shop-orders-") && !startswith(name, "shop-customers-")]) == tolist([
      "shop-dead-letters", "shop-error-objects",
    ])
    error_message = "What they share is watched once."
  }
  assert {
    condition     = length([for name in output.alarm_names : name if startswith(name, "shop-orders-")]) == 20 && contains(output.alarm_names, "shop-customers-replication-failed-customers-prod")
    error_message = "Each table has the rest."
  }
  assert {
    condition     = sort([for table in output.databricks_tables : table.location]) == tolist(["customers", "orders"]) && endswith(output.databricks_bundle_variables.url, "/data")
    error_message = "One external location for all."
  }
}

run "the_stream_is_shared_where_asked_for" {
  variables {
    stream = { shared = true, shard_count = 2 }
    tables = {
      orders    = { schema_files = ["../examples/orders.schema.json"] }
      customers = { schema_files = ["../examples/customers.schema.json"], stream = { retention_hours = 24 } }
    }
  }
  assert {
    condition     = keys(module.stream) == ["customers", "shared"] && output.tables["orders"].stream_name == "shop" && module.stream["customers"].retention_hours == 24 && module.stream["shared"].retention_hours == 168
    error_message = "A table may still have its own."
  }
  assert {
    condition     = contains(output.alarm_names, "shop-stream-capacity") && !contains(output.alarm_names, "shop-orders-stream-age") && contains(output.alarm_names, "shop-customers-stream-age")
    error_message = "Watched once, or with its table."
  }
}

run "what_one_table_overrides_it_can" {
  variables {
    delivery = { partition_granularity = "day" }
    tables = {
      orders = { schema_files = ["../examples/orders.schema.json"] }
      customers = {
        schema_files = ["../examples/customers.schema.json"]
        name         = "crm"
        glue_table   = "crm_customers"
        history      = true
        function     = { memory_size = 1024 }
        delivery     = { buffering_interval_seconds = 900 }
        roles        = { firehose = { arn = "arn:aws:iam::123456789012:role/theirs" } }
        thresholds   = { rows_rescued = 100 }
        tags         = { team = "crm" }
      }
    }
  }
  assert {
    condition     = output.tables["customers"].function_name == "crm" && output.tables["customers"].glue_table == "crm_customers" && output.tables["customers"].firehose_role_arn == "arn:aws:iam::123456789012:role/theirs"
    error_message = "Its name, its Glue table, its role."
  }
  assert {
    condition     = module.delivery["customers"].buffering_interval_seconds == 900 && module.delivery["orders"].buffering_interval_seconds == 60
    error_message = "The others keep theirs."
  }
  assert {
    condition     = endswith(module.delivery["customers"].prefix_expression, "dd}/") && endswith(module.delivery["orders"].prefix_expression, "dd}/")
    error_message = "What it doesn't set holds for it too."
  }
  assert {
    condition     = { for table in output.databricks_tables : table.name => table.history } == { orders = false, crm_customers = true }
    error_message = "History for one."
  }
}

# Two packages for one function would be rejected, and so would a hash of another zip.
run "a_tables_package_takes_the_place_of_that_of_all" {
  command = plan
  variables {
    function = { package_file = "metadata_columns.json", package_sha256 = filesha256("metadata_columns.json") }
    tables = {
      orders    = { schema_files = ["../examples/orders.schema.json"] }
      customers = { schema_files = ["../examples/customers.schema.json"], function = { package = { s3_bucket = "packages", s3_key = "bootstrap.zip", s3_object_version = "1" } } }
      events = {
        schema_files     = ["examples/single-table/orders.schema.json"]
        via              = "direct"
        table_stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop/stream/2026-01-01T00:00:00.000"
        function         = { package_file = "main.tf" }
      }
    }
  }
  assert {
    condition     = keys(module.transform) == ["customers", "orders"] && keys(module.direct) == ["events"]
    error_message = "Each has one package."
  }
}

run "rejects_tables_and_a_schema_file" {
  command = plan
  variables { schema_file = "../examples/orders.schema.json" }
  expect_failures = [var.schema_file]
}

run "rejects_another_way" {
  command = plan
  variables { tables = { orders = { schema_files = ["../examples/orders.schema.json"], via = "glue" } } }
  expect_failures = [var.tables]
}

run "rejects_another_source" {
  command = plan
  variables { tables = { orders = { schema_files = ["../examples/orders.schema.json"], via = "direct", changes_from = "streams" } } }
  expect_failures = [var.tables]
}

run "rejects_two_schema_files_for_firehose" {
  command = plan
  variables { tables = { orders = { schema_files = ["../examples/orders.schema.json", "../examples/customers.schema.json"] } } }
  expect_failures = [var.tables]
}

run "rejects_a_schema_file_that_is_not_there" {
  command = plan
  variables { tables = { orders = { schema_files = ["nowhere.json"] } } }
  expect_failures = [var.tables]
}

run "rejects_a_schema_file_that_is_not_one" {
  command = plan
  variables { tables = { orders = { schema_files = ["main.tf"] } } }
  expect_failures = [var.tables]
}

run "rejects_two_entries_under_one_prefix" {
  command = plan
  variables {
    tables = {
      a = { schema_files = ["../examples/orders.schema.json"], table_name = "orders-a" }
      b = { schema_files = ["../examples/orders.schema.json"], table_name = "orders-b" }
    }
  }
  expect_failures = [var.tables]
}

run "rejects_two_entries_for_one_dynamodb_table" {
  command = plan
  variables {
    tables = {
      a = { schema_files = ["../examples/orders.schema.json"] }
      b = { schema_files = ["../examples/customers.schema.json"], table_name = "orders" }
    }
  }
  expect_failures = [var.tables]
}

run "rejects_two_entries_for_one_table_in_glue" {
  command = plan
  variables {
    databricks = { access = false } # which would reject it, too
    tables = {
      a = { schema_files = ["../examples/orders.schema.json"] }
      b = { schema_files = ["../examples/customers.schema.json"], glue_table = "orders" }
    }
  }
  expect_failures = [output.tables]
}

run "rejects_a_key_with_capitals" {
  command = plan
  variables { tables = { Orders = { schema_files = ["../examples/orders.schema.json"] } } }
  expect_failures = [var.tables]
}

run "rejects_the_key_of_the_shared_stream" {
  command = plan
  variables { tables = { shared = { schema_files = ["../examples/orders.schema.json"] } } }
  expect_failures = [var.tables]
}

run "rejects_names_too_long_together" {
  command = plan
  variables {
    name   = "a-pipeline-with-a-very-long-name"
    tables = { with-another-long-name = { schema_files = ["../examples/orders.schema.json"] } }
  }
  expect_failures = [var.tables]
}

run "rejects_six_tables_on_one_stream" {
  command = plan
  variables {
    stream = { shared = true }
    tables = {
      orders    = { schema_files = ["../examples/orders.schema.json"] }
      customers = { schema_files = ["../examples/customers.schema.json"] }
      lines     = { schema_files = ["../fixtures/ddl/a-stated-name/schema.json"], table_name = "lines" }
      events    = { schema_files = ["../fixtures/event/direct-put/schema.json"], table_name = "events" }
      users     = { schema_files = ["../fixtures/where/single-table-users/schema.json"], table_name = "users" }
      things    = { schema_files = ["../fixtures/attributes/empty-values/schema.json"] }
    }
  }
  expect_failures = [var.tables]
}

run "rejects_two_entries_of_one_name" {
  command = plan
  variables {
    tables = {
      orders    = { schema_files = ["../examples/orders.schema.json"] }
      customers = { schema_files = ["../examples/customers.schema.json"], name = "shop-orders" }
    }
  }
  expect_failures = [var.tables]
}

run "rejects_the_shared_streams_name_for_another_stream" {
  command = plan
  variables {
    stream = { shared = true }
    tables = {
      orders    = { schema_files = ["../examples/orders.schema.json"], name = "shop", stream = {} }
      customers = { schema_files = ["../examples/customers.schema.json"] }
    }
  }
  expect_failures = [var.tables]
}

run "rejects_an_existing_stream_for_each" {
  command = plan
  variables { stream = { existing = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/theirs" } } }
  expect_failures = [var.tables]
}

run "rejects_what_belongs_into_an_entry" {
  command = plan
  variables {
    table_name       = "orders-prod"
    roles            = { function = { arn = "arn:aws:iam::123456789012:role/f" } }
    retained_columns = [{ name = "discount", type = "int" }]
  }
  expect_failures = [var.table_name, var.roles, var.retained_columns]
}

run "two_views_of_one_dynamodb_table_have_one_destination" {
  command = plan
  variables {
    tables = {
      a = { schema_files = ["../examples/orders.schema.json"] }
      b = {
        schema_files = ["../examples/customers.schema.json"]
        table_name   = "orders"
        stream       = { existing = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders", connect = false } }
      }
    }
  }
  assert {
    condition     = keys(module.destination) == ["a"] && output.tables["b"].stream_name == "orders"
    error_message = "The second reads the stream of the first."
  }
}
