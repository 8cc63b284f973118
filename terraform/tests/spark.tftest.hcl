# The Spark way, by itself and beside the others.
mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name        = "orders"
  schema_file = "../examples/orders.schema.json"
  via         = "spark"
  # In place of the script and the program: nothing is run here.
  glue_job                = { script_file = "modules/glue_job/tests/files/dynalake_job.py", program_file = "modules/glue_job/tests/files/dynalake" }
  iam_propagation_seconds = 0
}

run "one_word_makes_a_pipeline_with_a_job" {
  assert {
    condition     = length(module.transform) == 0 && length(module.delivery) == 0 && length(module.direct) == 0 && length(module.on_failure_bucket) == 0 && keys(module.glue_job) == ["default"] && keys(module.stream) == ["default"] && keys(module.destination) == ["default"]
    error_message = "A stream, its destination and a job; no function, no Firehose."
  }
  assert {
    condition     = output.job_name == "orders-spark" && output.stream_name == "orders" && output.function_name == null && output.function_version == null && output.delivery_stream_name == null && output.mapping_uuid == null && output.on_failure_location == null
    error_message = "Each has what its way has."
  }
  assert {
    condition     = output.checkpoint_location == "s3://orders-123456789012-eu-central-1/spark/orders/checkpoint/orders/" && output.failed_runs_queue_url != null && output.tables["default"].job_role_arn == "arn:aws:iam::123456789012:role/orders"
    error_message = "What the runbook needs."
  }
  assert {
    condition     = output.location == "s3://orders-123456789012-eu-central-1/data/orders/" && output.error_prefix == "errors/orders/" && output.glue_table == "orders"
    error_message = "The same places as Firehose's."
  }
  assert {
    condition     = module.table["default"].target.partition_by == "event_time" && module.table["default"].target.partition_granularity == "hour"
    error_message = "By the hours of the changes, without being told."
  }
  assert {
    condition     = output.queue_url != null && output.databricks_role_arn != null && output.dashboard_name == "orders"
    error_message = "What reads the lake is as it is beside Firehose."
  }
  assert {
    condition     = alltrue([for name in ["spark-behind", "spark-freshness", "spark-not-running", "spark-stopped", "spark-run-failed", "spark-keeps-failing", "spark-tasks-failing", "error-objects", "stream-age", "replication-stopped-orders"] : contains(output.alarm_names, "orders-${name}")]) && !anytrue([for name in output.alarm_names : strcontains(name, "firehose") || strcontains(name, "direct") || strcontains(name, "function")])
    error_message = "Its own alarms, and none on what is not there."
  }
}

run "beside_the_other_ways" {
  variables {
    name        = "shop"
    schema_file = null
    via         = "firehose"
    function    = { package_file = "metadata_columns.json" }
    delivery    = { partition_granularity = "day" }
    tables = {
      orders    = { schema_files = ["../examples/orders.schema.json"], via = "spark", table_name = "orders-prod", glue_job = { trigger_seconds = 300, number_of_workers = 3 } }
      customers = { schema_files = ["../examples/customers.schema.json"] }
    }
    stream = { shared = true }
  }
  assert {
    condition     = keys(module.glue_job) == ["orders"] && keys(module.delivery) == ["customers"] && keys(module.stream) == ["shared"] && output.tables["orders"].job_name == "shop-orders-spark" && output.tables["customers"].job_name == null
    error_message = "One by a job, the other by Firehose, on one stream."
  }
  assert {
    condition     = module.table["orders"].target.partition_granularity == "hour" && module.table["customers"].target.partition_granularity == "day"
    error_message = "All tables' granularity is not the job's."
  }
  assert {
    condition     = !contains(output.alarm_names, "shop-orders-replication-stopped-orders-prod") && contains(output.alarm_names, "shop-customers-replication-stopped-customers")
    error_message = "On a shared stream the job has no metric that tells its table's records."
  }
}

run "rejects_days_by_spark" {
  command = plan
  variables { delivery = { partition_granularity = "day" } }
  expect_failures = [var.via]
}

run "rejects_spark_on_the_tables_own_stream" {
  command = plan
  variables { changes_from = "dynamodb_streams" }
  expect_failures = [var.changes_from]
}

run "rejects_a_functions_role_by_spark" {
  command = plan
  variables { roles = { function = { arn = "arn:aws:iam::123456789012:role/f" } } }
  expect_failures = [var.roles]
}

run "rejects_a_jobs_role_by_firehose_in_an_entry" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], roles = { glue_job = { arn = "arn:aws:iam::123456789012:role/f" } } } }
  }
  expect_failures = [var.tables]
}

run "rejects_arrival_by_spark_in_an_entry" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { orders = { schema_files = ["../examples/orders.schema.json"], via = "spark", delivery = { partition_by = "arrival" } } }
  }
  expect_failures = [var.tables]
}

run "rejects_several_schemas_by_spark" {
  command = plan
  variables {
    schema_file = null
    via         = "firehose"
    tables      = { shop = { schema_files = ["examples/single-table/customers.schema.json", "examples/single-table/orders.schema.json"], via = "spark" } }
  }
  expect_failures = [var.tables]
}
