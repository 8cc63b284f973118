mock_provider "aws" {
  source = "../../tests/aws"
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders" }
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

run "defaults" {
  assert {
    condition     = aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.architectures[0] == "x86_64" && aws_lambda_function.this.publish
    error_message = "A published version on provided.al2023."
  }
  assert {
    condition     = join(",", keys(aws_lambda_function.this.environment[0].variables)) == "DYNALAKE_SCHEMA" && aws_lambda_function.this.environment[0].variables.DYNALAKE_SCHEMA == base64gzip(jsonencode(var.schema))
    error_message = "The schema is the only setting."
  }
  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/orders"
    error_message = "JSON logs, into the log group with retention."
  }
  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "No reservation unless asked for."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "Logs are kept for a month."
  }
  assert {
    condition     = endswith(output.qualified_arn, ":orders:1")
    error_message = "Firehose is given the version."
  }
}

run "the_role_may_write_its_own_logs_and_nothing_else" {
  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.this[0].policy).Statement) == jsonencode([{
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Effect   = "Allow"
      Resource = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders:*"
      Sid      = "OwnLogs"
    }])
    error_message = "One statement: its own logs."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Lambda may assume it for this account only."
  }
}

run "each_version_is_checked_before_firehose_gets_it" {
  assert {
    condition     = aws_lambda_invocation.check.qualifier == "1" && aws_lambda_invocation.check.triggers.version == "1" && jsondecode(aws_lambda_invocation.check.input).records == []
    error_message = "The version that was published is run on an event without records."
  }
}

run "customer_key_encrypts_environment_and_logs" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key.arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key.arn
    error_message = "Environment and logs by the customer's key."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this[0].policy).Statement[1].Action == ["kms:Decrypt"] && jsondecode(aws_iam_role_policy.this[0].policy).Statement[1].Resource == [var.kms_key.arn]
    error_message = "The role may decrypt with that key."
  }
}

run "a_given_role_is_used_as_it_is" {
  variables {
    role    = { arn = "arn:aws:iam::123456789012:role/theirs" }
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = length(aws_iam_role.this) == 0 && length(aws_iam_role_policy.this) == 0 && aws_lambda_function.this.role == var.role.arn && output.role_arn == var.role.arn
    error_message = "No role and no policy is made."
  }
}

run "the_role_has_a_boundary_and_a_path" {
  variables {
    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
    role_path            = "/dynalake/"
  }
  assert {
    condition     = aws_iam_role.this[0].permissions_boundary == var.permissions_boundary && aws_iam_role.this[0].path == "/dynalake/"
    error_message = "As asked for."
  }
}

run "without_a_wait_there_is_no_provisioner" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = length(module.iam_propagation) == 0
    error_message = "Some organisations' policies forbid provisioners."
  }
}

run "rejects_a_role_by_its_name" {
  command = plan
  variables { role = { arn = "theirs" } }
  expect_failures = [var.role]
}

run "rejects_a_boundary_by_its_name" {
  command = plan
  variables { permissions_boundary = "boundary" }
  expect_failures = [var.permissions_boundary]
}

run "rejects_a_path_without_slashes" {
  command = plan
  variables { role_path = "dynalake" }
  expect_failures = [var.role_path]
}

run "event_time_asks_the_function_for_partition_keys" {
  variables {
    partition_by         = "event_time"
    tables               = ["orders", "orders-eu"]
    architecture         = "arm64"
    reserved_concurrency = 20
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.DYNALAKE_PARTITION_KEYS == "event_time" && aws_lambda_function.this.environment[0].variables.DYNALAKE_TABLES == "orders,orders-eu"
    error_message = "The settings should have the names of src/settings.rs."
  }
  assert {
    condition     = aws_lambda_function.this.architectures[0] == "arm64" && aws_lambda_function.this.reserved_concurrent_executions == 20
    error_message = "As asked for."
  }
}

# 150 columns whose names do not compress well.
run "rejects_a_schema_over_4_kb" {
  command = plan
  variables {
    schema = {
      table   = "orders"
      keys    = ["c0"]
      columns = [for n in range(150) : { name = "c${n}", type = "string", comment = sha256(n) }]
    }
  }
  expect_failures = [aws_lambda_function.this]
}

# The schema file as its own package: it holds itself.
run "a_schema_in_the_package_is_named_in_the_environment" {
  command = plan
  variables {
    schema            = jsondecode(file("../../../examples/orders.schema.json"))
    schema_in_package = "../../../examples/orders.schema.json"
    package_file      = "../../../examples/orders.schema.json"
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.DYNALAKE_SCHEMA == "@orders.schema.json"
    error_message = "DYNALAKE_SCHEMA names the file in the package."
  }
}

run "rejects_a_package_without_the_schema" {
  command = plan
  variables {
    schema            = jsondecode(file("../../../examples/orders.schema.json"))
    schema_in_package = "../../../examples/orders.schema.json"
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_a_package_with_another_schema" {
  command = plan
  variables {
    schema_in_package = "../../../examples/orders.schema.json"
    package_file      = "../../../examples/orders.schema.json"
  }
  expect_failures = [aws_lambda_function.this]
}

run "rejects_a_schema_file_that_is_not_there" {
  command = plan
  variables { schema_in_package = "nowhere.json" }
  expect_failures = [var.schema_in_package]
}

run "rejects_a_timeout_that_firehose_does_not_wait_for" {
  command = plan
  variables { timeout_seconds = 301 }
  expect_failures = [var.timeout_seconds]
}

run "rejects_another_architecture" {
  command = plan
  variables { architecture = "amd64" }
  expect_failures = [var.architecture]
}

run "rejects_another_memory_size" {
  command = plan
  variables { memory_size = 64 }
  expect_failures = [var.memory_size]
}

run "rejects_a_reservation_that_throttles_one_shard" {
  command = plan
  variables { reserved_concurrency = 4 }
  expect_failures = [var.reserved_concurrency]
}

run "rejects_a_retention_that_cloudwatch_does_not_have" {
  command = plan
  variables { log_retention_days = 31 }
  expect_failures = [var.log_retention_days]
}

run "rejects_another_log_level" {
  command = plan
  variables { log_level = "info" }
  expect_failures = [var.log_level]
}

run "rejects_another_partitioning" {
  command = plan
  variables { partition_by = "month" }
  expect_failures = [var.partition_by]
}

run "rejects_an_empty_list_of_tables" {
  command = plan
  variables { tables = [] }
  expect_failures = [var.tables]
}

run "rejects_a_name_with_a_dot" {
  command = plan
  variables { name = "my.orders" }
  expect_failures = [var.name]
}

run "rejects_a_wait_of_half_a_second" {
  command = plan
  variables { iam_propagation_seconds = 0.5 }
  expect_failures = [var.iam_propagation_seconds]
}
