mock_provider "aws" {
  source = "../../tests/aws"
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders-direct" }
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

run "the_function_has_the_settings_of_the_contract" {
  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      DYNALAKE_SCHEMA                = base64gzip(jsonencode(var.schemas[0]))
      DYNALAKE_BUCKET                = "lake"
      DYNALAKE_PREFIX                = "data"
      DYNALAKE_ERROR_PREFIX          = "errors"
      DYNALAKE_PARTITION_BY          = "arrival"
      DYNALAKE_PARTITION_GRANULARITY = "hour"
    })
    error_message = "Those, and no others."
  }
  assert {
    condition     = aws_lambda_function.this.function_name == "orders-direct" && aws_cloudwatch_log_group.this.name == "/aws/lambda/orders-direct" && aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.publish && aws_lambda_function.this.memory_size == 512 && aws_lambda_function.this.timeout == 60
    error_message = "A name other than that of Firehose's function, a published version, with memory for its objects and time to try again."
  }
}

run "the_mapping_loses_nothing" {
  assert {
    condition = [
      aws_lambda_event_source_mapping.this.starting_position, tostring(aws_lambda_event_source_mapping.this.maximum_retry_attempts),
      tostring(aws_lambda_event_source_mapping.this.maximum_record_age_in_seconds), tostring(aws_lambda_event_source_mapping.this.bisect_batch_on_function_error),
      one(aws_lambda_event_source_mapping.this.function_response_types), aws_lambda_event_source_mapping.this.destination_config[0].on_failure[0].destination_arn,
    ] == ["TRIM_HORIZON", "-1", "79200", "true", "ReportBatchItemFailures", "arn:aws:s3:::failures"]
    error_message = "From the beginning, without end, until two hours before the stream forgets."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.batch_size == 10000 && aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds == 5 && aws_lambda_event_source_mapping.this.parallelization_factor == 1 && aws_lambda_event_source_mapping.this.metrics_config[0].metrics == toset(["EventCount"])
    error_message = "Within seconds, in few objects, counted."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.function_name == aws_lambda_alias.live.arn && aws_lambda_event_source_mapping.this.event_source_arn == "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"
    error_message = "The table's own stream, to the alias."
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.this.filter_criteria) == 0 && aws_lambda_event_source_mapping.this.kms_key_arn == null
    error_message = "Nothing is left out."
  }
}

run "each_version_is_checked_before_the_alias_gets_it" {
  assert {
    condition     = aws_lambda_invocation.check.qualifier == "1" && aws_lambda_invocation.check.triggers.version == "1" && jsondecode(aws_lambda_invocation.check.input) == { Records = [] } && aws_lambda_alias.live.function_version == "1"
    error_message = "The version that was published is run on an event without records."
  }
}

run "the_role_may_do_what_it_does_and_nothing_else" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      OwnLogs                 = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders-direct:*"]]
      ReadStream              = [["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"]]
      WriteObjects            = [["s3:PutObject"], ["arn:aws:s3:::lake/data/orders/*", "arn:aws:s3:::lake/errors/orders/*"]]
      WriteWhatIsGivenUp      = [["s3:PutObject"], ["arn:aws:s3:::failures/aws/lambda/*"]]
      FindTheBucketForIt      = [["s3:ListBucket"], ["arn:aws:s3:::failures"]]
      ListsThatTakeNoResource = [["dynamodb:ListStreams"], ["*"]]
    }
    error_message = "Read its stream, write under its prefixes, log."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Lambda may assume it for this account only."
  }
}

run "from_kinesis" {
  variables {
    changes_from    = "kinesis"
    source_arn      = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
    source_kms_key  = { arn = "arn:aws:kms:eu-central-1:123456789012:key/stream" }
    retention_hours = 168
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.maximum_record_age_in_seconds == 597600 && length(data.aws_dynamodb_table.this) == 0
    error_message = "Two hours under a week."
  }
  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Sid => statement.Action }["ReadStream"] == ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"] && !strcontains(aws_iam_role_policy.this[0].policy, "ListStreams")
    error_message = "The stream alone."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "ReadEncryptedStream"] == [["kinesis.eu-central-1.amazonaws.com"]]
    error_message = "And its key, by Kinesis."
  }
}

run "the_tables_key_is_used_by_dynamodb" {
  variables { source_kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/table" } }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : [statement.Action, statement.Condition.StringEquals["kms:ViaService"]] if statement.Sid == "ReadEncryptedStream"] == [[["kms:Decrypt"], ["dynamodb.eu-central-1.amazonaws.com"]]]
    error_message = "To read, by DynamoDB alone."
  }
}

run "a_year_is_more_than_lambda_waits" {
  command = plan
  variables {
    changes_from    = "kinesis"
    source_arn      = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
    retention_hours = 8760
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.maximum_record_age_in_seconds == 604800
    error_message = "A week is Lambda's most."
  }
}

run "several_tables_from_one" {
  variables {
    schemas = [
      { table = "shop", name = "customers", keys = ["PK"], where = { PK = ["CUSTOMER#*"] }, columns = [{ name = "pk", type = "string" }] },
      { table = "shop", name = "orders", keys = ["PK"], where = { PK = ["ORDER#*"] }, columns = [{ name = "pk", type = "string", comment = "key" }] },
    ]
    targets = [
      { bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/customers/", error_prefix = "errors/customers/" },
      { bucket = { name = "lake", arn = "arn:aws:s3:::lake" }, data_prefix = "data/orders/", error_prefix = "errors/orders/" },
    ]
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.DYNALAKE_SCHEMA == base64gzip(jsonencode(var.schemas))
    error_message = "A list."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : length(statement.Resource) if statement.Sid == "WriteObjects"] == [4]
    error_message = "Under the prefixes of each."
  }
}

run "a_table_with_a_stage_in_its_name" {
  variables { table_name = "orders-prod" }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.DYNALAKE_SCHEMA == base64gzip(jsonencode(merge(var.schemas[0], { table = "orders-prod", name = "orders" })))
    error_message = "The function knows the table by the name that changes have, and the lake by the schema's."
  }
}

run "keys" {
  variables {
    kms_key           = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    on_failure_bucket = { name = "failures", arn = "arn:aws:s3:::failures", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/2" } }
    targets           = [{ bucket = { name = "lake", arn = "arn:aws:s3:::lake", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/2" } }, data_prefix = "data/orders/", error_prefix = "errors/orders/" }]
  }
  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key.arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key.arn
    error_message = "Environment and logs by the customer's key."
  }
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] if contains(["OwnEnvironment", "WriteEncryptedObjects"], statement.Sid) } == {
      OwnEnvironment        = [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/1"]]
      WriteEncryptedObjects = [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-central-1:123456789012:key/2"]]
    }
    error_message = "Each key once, for what it is needed for."
  }
}

run "filters_and_their_key" {
  variables {
    filters         = ["{\"eventName\":[\"INSERT\"]}"]
    filters_kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = tolist([for filter in aws_lambda_event_source_mapping.this.filter_criteria[0].filter : filter.pattern]) == var.filters && aws_lambda_event_source_mapping.this.kms_key_arn == var.filters_kms_key.arn
    error_message = "As asked for."
  }
}

run "filters_of_kinesis_look_into_its_data" {
  command = plan
  variables {
    changes_from = "kinesis"
    source_arn   = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
    filters      = ["{\"data\":{\"eventName\":[\"INSERT\"]}}"]
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.this.filter_criteria[0].filter) == 1
    error_message = "As asked for."
  }
}

run "small_batches_need_no_window" {
  command = plan
  variables {
    batch_size              = 10
    batching_window_seconds = 0
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds == 0
    error_message = "Up to ten records."
  }
}

run "a_long_name_is_cut_in_the_description" {
  command = plan
  variables { table_name = join("", [for n in range(255) : "t"]) }
  assert {
    condition     = length(aws_lambda_function.this.description) == 256
    error_message = "Lambda takes 256 characters."
  }
}

run "a_given_role_is_used_as_it_is" {
  variables { role = { arn = "arn:aws:iam::123456789012:role/theirs" } }
  assert {
    condition     = length(aws_iam_role.this) == 0 && length(aws_iam_role_policy.this) == 0 && aws_lambda_function.this.role == var.role.arn && output.role_arn == var.role.arn && length(module.iam_propagation) == 0
    error_message = "No role and no policy is made, and nothing waits for one."
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

# The schema file as its own package: it holds itself.
run "a_schema_in_the_package_is_named_in_the_environment" {
  command = plan
  variables {
    schemas            = [jsondecode(file("../../../examples/orders.schema.json"))]
    schemas_in_package = ["../../../examples/orders.schema.json"]
    package_file       = "../../../examples/orders.schema.json"
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.DYNALAKE_SCHEMA == "@orders.schema.json"
    error_message = "DYNALAKE_SCHEMA names the file in the package."
  }
}
