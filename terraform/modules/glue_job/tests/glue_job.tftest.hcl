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

run "the_job_streams_and_never_ends" {
  assert {
    condition     = [aws_glue_job.this.name, aws_glue_job.this.command[0].name, aws_glue_job.this.command[0].python_version, aws_glue_job.this.glue_version, aws_glue_job.this.worker_type, tostring(aws_glue_job.this.number_of_workers), tostring(aws_glue_job.this.max_retries), aws_glue_job.this.maintenance_window] == ["orders-spark", "gluestreaming", "3", "5.1", "G.025X", "2", "3", "Sun:10"]
    error_message = "Glue 5.1, the smallest workers, a weekly restart."
  }
  assert {
    condition     = aws_glue_job.this.execution_property[0].max_concurrent_runs == 1
    error_message = "Two runs on one checkpoint would destroy it."
  }
  assert {
    condition     = aws_glue_job.this.security_configuration == null && length(aws_glue_security_configuration.this) == 0
    error_message = "Nothing to encrypt by a key that isn't there."
  }
}

run "the_arguments_are_those_of_the_script" {
  assert {
    condition = { for name, value in aws_glue_job.this.default_arguments : name => replace(value, "/[0-9a-f]{16}/", "HASH") } == {
      "--mode"                   = "stream"
      "--dynalake"               = "s3://lake/spark/orders/HASH/dynalake"
      "--schema"                 = "s3://lake/spark/orders/HASH/schema.json"
      "--out"                    = "s3://lake/data/Orders/"
      "--rejected"               = "s3://lake/errors/Orders/spark-failed/"
      "--stream-arn"             = "arn:aws:kinesis:eu-central-1:123456789012:stream/changes"
      "--region"                 = "eu-central-1"
      "--checkpoint"             = "s3://lake/spark/orders/checkpoint/changes/"
      "--starting-position"      = "TRIM_HORIZON"
      "--trigger-seconds"        = "60"
      "--job-language"           = "python"
      "--job-bookmark-option"    = "job-bookmark-disable"
      "--enable-metrics"         = "true"
      "--custom-logGroup-prefix" = "/aws-glue/jobs/orders-spark"
    }
    error_message = "Those, and no others."
  }
  assert {
    condition     = aws_glue_job.this.command[0].script_location == "s3://lake/${aws_s3_object.script.key}" && endswith(aws_glue_job.this.default_arguments["--dynalake"], aws_s3_object.program.key) && endswith(aws_glue_job.this.default_arguments["--schema"], aws_s3_object.schema.key)
    error_message = "They name the objects that are put."
  }
  assert {
    condition     = length(distinct([for key in [aws_s3_object.script.key, aws_s3_object.program.key, aws_s3_object.schema.key] : split("/", key)[2]])) == 3 && strcontains(aws_s3_object.script.key, substr(filesha256("tests/files/dynalake_job.py"), 0, 16)) && strcontains(aws_s3_object.program.key, substr(filesha256("tests/files/dynalake"), 0, 16))
    error_message = "Each content has a key of its own."
  }
  assert {
    condition     = jsondecode(aws_s3_object.schema.content) == jsondecode(jsonencode(var.schema))
    error_message = "The schema as it is in the file."
  }
}

run "another_table_name_and_more_arguments" {
  variables {
    table_name      = "orders-prod"
    arguments       = { "--datalake-formats" = "iceberg" }
    trigger_seconds = 10
    files_bucket    = { name = "files", arn = "arn:aws:s3:::files" }
  }
  assert {
    condition     = jsondecode(aws_s3_object.schema.content).table == "orders-prod" && jsondecode(aws_s3_object.schema.content).name == "orders"
    error_message = "The name in the lake stays."
  }
  assert {
    condition     = aws_glue_job.this.default_arguments["--datalake-formats"] == "iceberg" && aws_glue_job.this.default_arguments["--trigger-seconds"] == "10"
    error_message = "Settings are passed on."
  }
  assert {
    condition     = aws_glue_job.this.default_arguments["--checkpoint"] == "s3://files/spark/orders/checkpoint/changes/" && aws_glue_job.this.default_arguments["--out"] == "s3://lake/data/Orders/" && aws_s3_object.program.bucket == "files"
    error_message = "The job's files in their own bucket, the rows in the lake."
  }
}

run "a_trigger_starts_it_where_it_is_not_running" {
  assert {
    condition     = [aws_glue_trigger.watchdog.type, aws_glue_trigger.watchdog.schedule, tostring(aws_glue_trigger.watchdog.start_on_creation), aws_glue_trigger.watchdog.actions[0].job_name] == ["SCHEDULED", "cron(0/15 * * * ? *)", "true", "orders-spark"]
    error_message = "Each quarter of an hour."
  }
}

run "a_failed_run_is_counted_and_kept_but_not_a_start_beside_a_run" {
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.failed_runs.event_pattern) == {
      source      = ["aws.glue"]
      detail-type = ["Glue Job State Change"]
      detail = {
        jobName = ["orders-spark"]
        state   = ["FAILED", "TIMEOUT"]
        message = [{ exists = false }, { anything-but = { wildcard = "*oncurrent runs*" } }]
      }
    }
    error_message = "This job's, that failed."
  }
  assert {
    condition     = aws_cloudwatch_event_target.failed_runs.arn == aws_sqs_queue.failed_runs.arn && aws_sqs_queue.failed_runs.message_retention_seconds == 1209600 && aws_sqs_queue.failed_runs.sqs_managed_sse_enabled
    error_message = "Into a queue, for 14 days."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.failed_runs.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:events:eu-central-1:123456789012:rule/orders-failed-runs" && jsondecode(aws_sqs_queue.failed_runs.policy).Statement[0].Resource == "arn:aws:sqs:eu-central-1:123456789012:orders-failed-runs"
    error_message = "That rule alone may send."
  }
}

run "the_role_may_do_what_it_does_and_nothing_else" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource, jsonencode(try(statement.Condition, null))] } == {
      OwnLogs        = [["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws-glue/jobs/orders-spark/*"], "null"]
      MetricsOfGlue  = [["cloudwatch:PutMetricData"], ["*"], jsonencode({ StringEquals = { "cloudwatch:namespace" = "Glue" } })]
      ReadStream     = [["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"], ["arn:aws:kinesis:eu-central-1:123456789012:stream/changes"], "null"]
      ReadOwnFiles   = [["s3:GetObject"], ["arn:aws:s3:::lake/spark/orders/*"], "null"]
      KeepCheckpoint = [["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"], ["arn:aws:s3:::lake/spark/orders/checkpoint*"], "null"]
      ListOwnFiles   = [["s3:ListBucket"], ["arn:aws:s3:::lake"], jsonencode({ StringLike = { "s3:prefix" = ["spark/orders*"] } })]
      WriteObjects   = [["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::lake/data/Orders/*", "arn:aws:s3:::lake/errors/Orders/*"], "null"]
      FindObjects    = [["s3:ListBucket"], ["arn:aws:s3:::lake"], jsonencode({ StringLike = { "s3:prefix" = ["data/Orders/*", "errors/Orders/*"] } })]
    }
    error_message = "Read its stream and its files, write under its prefixes, keep its checkpoint."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Principal.Service == "glue.amazonaws.com" && jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Glue may assume it for this account only."
  }
}

run "the_log_groups_are_those_that_glue_writes_to" {
  assert {
    condition     = { for group, log in aws_cloudwatch_log_group.this : group => [log.name, tostring(log.retention_in_days)] } == { output = ["/aws-glue/jobs/orders-spark/output", "30"], error = ["/aws-glue/jobs/orders-spark/error", "30"] }
    error_message = "With a retention, before Glue makes them without."
  }
}

run "with_keys" {
  variables {
    kms_key        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/ours" }
    stream_kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/stream" }
    target = {
      bucket       = { name = "lake", arn = "arn:aws:s3:::lake", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/lake" } }
      data_prefix  = "data/Orders/"
      error_prefix = "errors/Orders/"
    }
  }
  assert {
    condition     = aws_glue_job.this.security_configuration == "orders-spark" && aws_glue_security_configuration.this[0].encryption_configuration[0].s3_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/lake" && aws_glue_security_configuration.this[0].encryption_configuration[0].cloudwatch_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/ours"
    error_message = "Each by its own key."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this["output"].name == "/aws-glue/jobs/orders-spark/orders-spark-role/orders-spark/output" && aws_cloudwatch_log_group.this["output"].kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/ours"
    error_message = "With a security configuration Glue writes into groups of other names."
  }
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource, statement.Condition.StringEquals["kms:ViaService"]] if strcontains(jsonencode(statement.Action), "kms:") && statement.Sid != "OwnLogs" } == {
      ReadEncryptedStream = [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/stream"], ["kinesis.eu-central-1.amazonaws.com"]]
      UseEncryptedObjects = [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-central-1:123456789012:key/lake", "arn:aws:kms:eu-central-1:123456789012:key/ours"], ["s3.eu-central-1.amazonaws.com"]]
    }
    error_message = "Each by its service alone."
  }
  assert {
    condition     = contains([for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement : statement.Action if statement.Sid == "OwnLogs"][0], "logs:AssociateKmsKey")
    error_message = "Without it Glue writes no logs."
  }
}

run "a_role_that_exists" {
  variables {
    role    = { arn = "arn:aws:iam::123456789012:role/team/spark" }
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/ours" }
  }
  assert {
    condition     = aws_glue_job.this.role_arn == "arn:aws:iam::123456789012:role/team/spark" && length(aws_iam_role.this) == 0 && aws_cloudwatch_log_group.this["error"].name == "/aws-glue/jobs/orders-spark/orders-spark-role/spark/error"
    error_message = "It is used, and none is made."
  }
}

run "a_boundary_and_a_path" {
  variables {
    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
    role_path            = "/team/"
  }
  assert {
    condition     = aws_iam_role.this[0].permissions_boundary == "arn:aws:iam::123456789012:policy/boundary" && aws_iam_role.this[0].path == "/team/"
    error_message = "The role has them."
  }
}
