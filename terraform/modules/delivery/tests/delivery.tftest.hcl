mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                    = "orders"
  stream_arn              = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
  iam_propagation_seconds = 0
  transform = {
    function_arn  = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
    qualified_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
  }
  target = {
    bucket       = { name = "lake", arn = "arn:aws:s3:::lake" }
    database     = "lake"
    table        = "orders"
    data_prefix  = "data/orders/"
    error_prefix = "errors/orders/"
  }
}

run "by_arrival_and_hour_is_the_default" {
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix == "data/orders/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    error_message = "Hive style, by Firehose's clock."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix == "errors/orders/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    error_message = "Errors are not under the data's prefix."
  }
  assert {
    condition     = length(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].dynamic_partitioning_configuration) == 0
    error_message = "No dynamic partitioning, so no charge for it."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_interval == 60 && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_size == 128
    error_message = "A minute, or 128 MB."
  }
}

run "by_arrival_and_day" {
  variables {
    target = merge(var.target, { partition_granularity = "day" })
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix == "data/orders/dt=!{timestamp:yyyy-MM-dd}/"
    error_message = "Days only."
  }
}

run "only_parameters_other_than_firehoses_defaults_are_declared" {
  assert {
    condition = tomap({ for parameter in aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : parameter.parameter_name => parameter.parameter_value }) == tomap({
      LambdaArn               = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
      BufferIntervalInSeconds = "5"
    })
    error_message = "BufferSizeInMBs = 1 is Firehose's default: declared, it would show in every plan."
  }
}

run "other_lambda_buffers_are_declared" {
  variables {
    transform_buffer_size_mb          = 0.5
    transform_buffer_interval_seconds = 60
  }
  assert {
    condition = tomap({ for parameter in aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : parameter.parameter_name => parameter.parameter_value }) == tomap({
      LambdaArn       = "arn:aws:lambda:eu-central-1:123456789012:function:orders:7"
      BufferSizeInMBs = "0.5"
    })
    error_message = "60 s is Firehose's default, half a MB is not."
  }
}

run "event_time_uses_dynamic_partitioning" {
  variables {
    target = merge(var.target, { partition_by = "event_time" })
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix == "data/orders/dt=!{partitionKeyFromLambda:year}-!{partitionKeyFromLambda:month}-!{partitionKeyFromLambda:day}/hour=!{partitionKeyFromLambda:hour}/arrived-!{timestamp:yyyy-MM-dd}-"
    error_message = "By the change's own time, from the function."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].dynamic_partitioning_configuration[0].enabled
    error_message = "Keys from the function need dynamic partitioning."
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].buffering_interval == 60
    error_message = "AWS allows no less with dynamic partitioning."
  }
  assert {
    condition     = strcontains(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix, "!{firehose:error-output-type}") && !strcontains(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].error_output_prefix, "partitionKeyFrom")
    error_message = "AWS rejects partition keys in the error prefix."
  }
}

run "event_time_by_day" {
  variables {
    target = merge(var.target, { partition_by = "event_time", partition_granularity = "day" })
  }
  assert {
    condition     = endswith(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].prefix, "-!{partitionKeyFromLambda:day}/arrived-!{timestamp:yyyy-MM-dd}-")
    error_message = "Days only."
  }
}

run "rows_go_to_the_target" {
  variables {
    target = merge(var.target, { data_prefix = "raw/orders/", error_prefix = "failed/orders/" })
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].bucket_arn == "arn:aws:s3:::lake" && startswith(output.prefix_expression, "raw/orders/dt=")
    error_message = "Delivered to it."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Resource if statement.Sid == "WriteObjects"][0] == [
      "arn:aws:s3:::lake/raw/orders/*", "arn:aws:s3:::lake/failed/orders/*"
    ]
    error_message = "The role reaches its two prefixes only."
  }
}

run "the_role_has_what_firehose_needs_and_no_wildcard" {
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : [
        for action in statement.Action : !strcontains(action, "*")
      ]
    ]))
    error_message = "No action with a wildcard."
  }
  assert {
    condition     = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : [for resource in statement.Resource : resource != "*"]]))
    error_message = "No resource that is everything."
  }
  assert {
    # The processor's ARN carries a version, so the policy's must as well.
    condition     = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Resource if statement.Sid == "InvokeFunction"][0] == ["arn:aws:lambda:eu-central-1:123456789012:function:orders:*"]
    error_message = "Versions of this function."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "123456789012"
    error_message = "Firehose, for this account only."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.this[0].policy, "kms:")
    error_message = "No key, no right to one."
  }
}

run "stream_bucket_and_logs_each_have_their_own_key" {
  variables {
    kms_key        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/logs" }
    stream_kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/stream" }
    target         = merge(var.target, { bucket = { name = "lake", arn = "arn:aws:s3:::lake", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/lake" } } })
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/lake" && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key.arn
    error_message = "Objects by the bucket's key, logs by ours."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : [statement.Action, statement.Resource, statement.Condition.StringEquals["kms:ViaService"]] if can(statement.Condition)] == [
      [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/stream"], ["kinesis.eu-central-1.amazonaws.com"]],
      [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-central-1:123456789012:key/lake"], ["s3.eu-central-1.amazonaws.com"]],
    ]
    error_message = "The role uses each key through its service only."
  }
}

run "a_bucket_with_a_key_needs_no_other_key" {
  variables {
    target = merge(var.target, { bucket = { name = "lake", arn = "arn:aws:s3:::lake", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/lake" } } })
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Sid if can(statement.Condition)] == ["WriteEncryptedObjects"] && aws_cloudwatch_log_group.this.kms_key_id == null
    error_message = "Only the bucket's."
  }
}

run "a_bucket_of_another_account_gets_its_objects" {
  variables {
    target = merge(var.target, { bucket = { name = "lake", arn = "arn:aws:s3:::lake", account_id = "210987654321" } })
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : contains(statement.Action, "s3:PutObjectAcl") if statement.Sid == "WriteObjects"] == [true]
    error_message = "AWS asks for s3:PutObjectAcl there."
  }
}

run "a_bucket_of_this_account_needs_no_acl" {
  variables {
    target = merge(var.target, { bucket = { name = "lake", arn = "arn:aws:s3:::lake", account_id = "123456789012" } })
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.this[0].policy, "s3:PutObjectAcl")
    error_message = "The owner is the same."
  }
}

run "a_given_role_is_used_as_it_is" {
  variables {
    role           = { arn = "arn:aws:iam::123456789012:role/theirs" }
    lake_formation = true
  }
  assert {
    condition = length(aws_iam_role.this) == 0 && length(aws_iam_role_policy.this) == 0 && alltrue([
      for role in [
        aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].role_arn,
        aws_kinesis_firehose_delivery_stream.this.kinesis_source_configuration[0].role_arn,
        aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].role_arn,
        aws_lakeformation_permissions.table[0].principal,
      ] : role == var.role.arn
    ])
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
  assert {
    condition     = length(module.iam_propagation) == 0
    error_message = "Some organisations' policies forbid provisioners."
  }
}

run "lake_formation_grants_come_on_request" {
  variables { lake_formation = true }
  assert {
    condition = (
      aws_lakeformation_permissions.table[0].permissions == toset(["DESCRIBE", "SELECT"]) && aws_lakeformation_permissions.table[0].table[0].name == "orders"
      && aws_lakeformation_permissions.database[0].permissions == toset(["DESCRIBE"]) && aws_lakeformation_permissions.database[0].database[0].name == "lake"
    )
    error_message = "What Firehose needs to read the table."
  }
}

run "no_lake_formation_grants_by_default" {
  assert {
    condition     = length(aws_lakeformation_permissions.table) == 0 && length(aws_lakeformation_permissions.database) == 0
    error_message = "Most accounts use IAM alone."
  }
}

run "rejects_another_partitioning" {
  command = plan
  variables { target = merge(var.target, { partition_by = "month" }) }
  expect_failures = [var.target]
}

run "rejects_errors_within_the_data" {
  command = plan
  variables { target = merge(var.target, { error_prefix = "data/orders/errors/" }) }
  expect_failures = [var.target]
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

run "rejects_an_interval_under_60_s_with_event_time" {
  command = plan
  variables {
    target                     = merge(var.target, { partition_by = "event_time" })
    buffering_interval_seconds = 30
  }
  expect_failures = [var.buffering_interval_seconds]
}

run "rejects_an_interval_over_15_minutes" {
  command = plan
  variables { buffering_interval_seconds = 901 }
  expect_failures = [var.buffering_interval_seconds]
}

run "rejects_a_lambda_buffer_over_3_mb" {
  command = plan
  variables { transform_buffer_size_mb = 4 }
  expect_failures = [var.transform_buffer_size_mb]
}

run "rejects_a_lambda_interval_over_15_minutes" {
  command = plan
  variables { transform_buffer_interval_seconds = 1000 }
  expect_failures = [var.transform_buffer_interval_seconds]
}

run "rejects_a_name_with_a_slash" {
  command = plan
  variables { name = "team/orders" }
  expect_failures = [var.name]
}

run "rejects_a_retention_that_cloudwatch_does_not_have" {
  command = plan
  variables { log_retention_days = 31 }
  expect_failures = [var.log_retention_days]
}

run "rejects_a_wait_of_an_hour" {
  command = plan
  variables { iam_propagation_seconds = 3600 }
  expect_failures = [var.iam_propagation_seconds]
}
