mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                    = "orders"
  iam_propagation_seconds = 0
  # In place of the script and the program: nothing is run here.
  script_file  = "tests/files/dynalake_job.py"
  program_file = "tests/files/dynalake"
  stream_arn   = "arn:aws:kinesis:eu-central-1:123456789012:stream/changes"
  schema = {
    table   = "Orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string" }]
  }
  target = {
    bucket       = { name = "lake", arn = "arn:aws:s3:::lake" }
    data_prefix  = "data/Orders/"
    error_prefix = "errors/Orders/"
  }
}

run "rejects_a_long_name" {
  command = plan
  variables { name = "a2345678901234567890123456789012345678901234567890123" }
  expect_failures = [var.name]
}

run "rejects_errors_within_the_data" {
  command = plan
  variables {
    target = {
      bucket       = { name = "lake", arn = "arn:aws:s3:::lake" }
      data_prefix  = "data/"
      error_prefix = "data/errors/"
    }
  }
  expect_failures = [var.target]
}

run "rejects_an_arn_as_the_tables_name" {
  command = plan
  variables { table_name = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders" }
  expect_failures = [var.table_name]
}

run "rejects_the_tables_own_stream" {
  command = plan
  variables { stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026" }
  expect_failures = [var.stream_arn]
}

run "rejects_an_argument_of_its_own" {
  command = plan
  variables { arguments = { "--checkpoint" = "s3://other/" } }
  expect_failures = [var.arguments]
}

run "rejects_a_key_in_the_files_bucket" {
  command = plan
  variables { files_bucket = { name = "files", arn = "arn:aws:s3:::files/spark" } }
  expect_failures = [var.files_bucket]
}

run "rejects_a_prefix_without_its_end" {
  command = plan
  variables { files_prefix = "spark" }
  expect_failures = [var.files_prefix]
}

run "rejects_the_files_within_the_data" {
  command = plan
  variables { files_prefix = "data/Orders/" }
  expect_failures = [aws_glue_job.this]
}

run "rejects_days_instead_of_hours" {
  command = plan
  variables {
    target = {
      bucket                = { name = "lake", arn = "arn:aws:s3:::lake" }
      data_prefix           = "data/Orders/"
      error_prefix          = "errors/Orders/"
      partition_granularity = "day"
    }
  }
  expect_failures = [aws_glue_job.this]
}

run "rejects_the_files_in_another_accounts_bucket" {
  command = plan
  variables {
    target = {
      bucket       = { name = "lake", arn = "arn:aws:s3:::lake", account_id = "210987654321" }
      data_prefix  = "data/Orders/"
      error_prefix = "errors/Orders/"
    }
  }
  expect_failures = [aws_glue_job.this]
}

run "rejects_another_worker" {
  command = plan
  variables { worker_type = "Standard" }
  expect_failures = [var.worker_type]
}

run "rejects_a_driver_alone" {
  command = plan
  variables { number_of_workers = 1 }
  expect_failures = [var.number_of_workers]
}

run "rejects_a_trigger_each_second" {
  command = plan
  variables { trigger_seconds = 1 }
  expect_failures = [var.trigger_seconds]
}

run "rejects_a_window_without_its_hour" {
  command = plan
  variables { maintenance_window = "Sunday" }
  expect_failures = [var.maintenance_window]
}

run "rejects_many_retries" {
  command = plan
  variables { max_retries = 11 }
  expect_failures = [var.max_retries]
}

run "rejects_a_retention_that_cloudwatch_lacks" {
  command = plan
  variables { log_retention_days = 31 }
  expect_failures = [var.log_retention_days]
}

run "rejects_an_empty_ready" {
  command = plan
  variables { ready = [""] }
  expect_failures = [aws_glue_trigger.watchdog]
}

run "rejects_a_role_by_its_name" {
  command = plan
  variables { role = { arn = "spark" } }
  expect_failures = [var.role]
}

run "rejects_a_boundary_by_its_name" {
  command = plan
  variables { permissions_boundary = "boundary" }
  expect_failures = [var.permissions_boundary]
}

run "rejects_a_path_without_its_end" {
  command = plan
  variables { role_path = "/team" }
  expect_failures = [var.role_path]
}

run "rejects_a_long_wait" {
  command = plan
  variables { iam_propagation_seconds = 301 }
  expect_failures = [var.iam_propagation_seconds]
}

run "rejects_a_script_that_is_not_there" {
  command = plan
  variables { script_file = "tests/files/none.py" }
  expect_failures = [aws_s3_object.script]
}

run "rejects_a_program_that_is_not_there" {
  command = plan
  variables { program_file = "tests/files/none" }
  expect_failures = [aws_s3_object.program]
}

run "rejects_an_archive_in_place_of_the_program" {
  command = plan
  variables { program_file = "README.md" }
  expect_failures = [aws_s3_object.program]
}

run "rejects_a_program_for_arm64" {
  command = plan
  variables { program_file = "tests/files/dynalake-arm64" }
  expect_failures = [aws_s3_object.program]
}
