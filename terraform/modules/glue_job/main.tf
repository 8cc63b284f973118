module "schema" {
  source = "../schema"

  schema = var.schema
}

locals {
  # Not the name of Firehose's function or of the direct one, so that one apply can go from one way to another.
  job_name = "${var.name}-spark"

  # For a table with another name than the schema's, such as orders-prod: the program knows a change's table by the schema's
  # `table` only. The name in the lake stays.
  schema = merge(
    var.schema,
    { for member, value in { table = var.table_name, name = module.schema.table_name_in_glue } : member => value if var.table_name != null },
  )

  files_bucket = { for member in ["name", "arn", "kms_key"] : member => var.files_bucket == null ? var.target.bucket[member] : var.files_bucket[member] }
  files_prefix = "${var.files_prefix}${var.name}/"
  script_file  = coalesce(var.script_file, "${path.module}/../../../spark/dynalake_job.py")

  # Each content has a key of its own, so that a run never mixes two. An apply removes the one before; a run that goes on
  # then fails if it has to replace a worker, and the next run has the new ones.
  script_key  = "${local.files_prefix}${substr(try(filesha256(local.script_file), "-"), 0, 16)}/dynalake_job.py"
  program_key = "${local.files_prefix}${substr(try(filesha256(var.program_file), "-"), 0, 16)}/dynalake"
  schema_text = jsonencode(local.schema)
  schema_key  = "${local.files_prefix}${substr(sha256(local.schema_text), 0, 16)}/schema.json"

  # Offsets of one stream mean nothing in another.
  stream_name         = element(split("/", var.stream_arn), 1)
  checkpoint_prefix   = "${local.files_prefix}checkpoint/"
  checkpoint_location = "s3://${local.files_bucket.name}/${local.checkpoint_prefix}${local.stream_name}/"

  arguments = {
    "--mode"              = "stream"
    "--dynalake"          = "s3://${local.files_bucket.name}/${local.program_key}"
    "--schema"            = "s3://${local.files_bucket.name}/${local.schema_key}"
    "--out"               = "s3://${var.target.bucket.name}/${var.target.data_prefix}"
    "--rejected"          = "s3://${var.target.bucket.name}/${var.target.error_prefix}spark-failed/"
    "--stream-arn"        = var.stream_arn
    "--region"            = split(":", var.stream_arn)[3]
    "--checkpoint"        = local.checkpoint_location
    "--starting-position" = "TRIM_HORIZON" # with LATEST changes would be missed before the first run
    "--trigger-seconds"   = tostring(var.trigger_seconds)

    # Glue's own. The checkpoint knows what was read, so there are no bookmarks; without metrics no alarm would go off.
    "--job-language"           = "python"
    "--job-bookmark-option"    = "job-bookmark-disable"
    "--enable-metrics"         = "true"
    "--custom-logGroup-prefix" = local.log_prefix
  }

  # Glue makes these names itself: https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
  log_prefix = "/aws-glue/jobs/${local.job_name}"
  log_place  = var.kms_key == null ? local.log_prefix : "${local.log_prefix}/${aws_glue_security_configuration.this[0].name}-role/${local.role_name}"

  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; the modules direct, transform
  # and delivery have the same list.
  log_retention_choices = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
}

resource "aws_glue_job" "this" {
  #checkov:skip=CKV_AWS_195: With kms_key there is a security configuration; without a key it could only say that nothing is encrypted by one.
  name        = local.job_name
  description = substr("dynalake: to Parquet objects, the changes of the DynamoDB table ${coalesce(var.table_name, module.schema.table)}", 0, 256)
  role_arn    = local.role_arn
  tags        = var.tags

  glue_version      = "5.1" # Amazon Linux 2023, whose glibc the program was checked for
  worker_type       = var.worker_type
  number_of_workers = var.number_of_workers

  # No timeout: a streaming job has none by itself, and goes on. Glue restarts it once a week, in this window.
  maintenance_window     = var.maintenance_window
  max_retries            = var.max_retries
  security_configuration = one(aws_glue_security_configuration.this[*].name)

  command {
    name            = "gluestreaming"
    python_version  = "3"
    script_location = "s3://${local.files_bucket.name}/${aws_s3_object.script.key}"
  }

  # Two runs would write one checkpoint.
  execution_property {
    max_concurrent_runs = 1
  }

  default_arguments = merge(var.arguments, local.arguments)

  lifecycle {
    precondition {
      condition     = var.target.partition_by == "event_time" && var.target.partition_granularity == "hour"
      error_message = "target: the job writes by the hours of the changes; make the table with partition_by = \"event_time\" and partition_granularity = \"hour\" (the module table with via = \"spark\")."
    }
    precondition {
      condition     = var.files_bucket != null || var.target.bucket.account_id == null
      error_message = "files_bucket: the data's bucket is another account's (${coalesce(var.target.bucket.account_id, "-")}), and the job's files have to be in one of this account; give one."
    }
    precondition {
      # What reads the table would read the job's files too, and what expires errors would expire its checkpoint.
      condition = var.files_bucket != null || !anytrue([
        for prefix in [var.target.data_prefix, var.target.error_prefix] : startswith(local.files_prefix, prefix) || startswith(prefix, local.files_prefix)
      ])
      error_message = "files_prefix: ${local.files_prefix} and the table's prefixes (${var.target.data_prefix}, ${var.target.error_prefix}) are one inside the other; set another files_prefix, or a files_bucket."
    }
  }

  # Otherwise Glue would make the log groups itself, without retention.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this, aws_s3_object.program, aws_s3_object.schema, module.iam_propagation]
}

# Starts the job where it isn't running: the first time, and after Glue has given up trying again. While a run goes on, a
# start fails because of max_concurrent_runs, which the rule for failed runs leaves out.
resource "aws_glue_trigger" "watchdog" {
  name              = local.job_name
  description       = "Starts ${local.job_name} if it isn't running"
  type              = "SCHEDULED"
  schedule          = "cron(0/15 * * * ? *)"
  start_on_creation = true
  tags              = var.tags

  actions {
    job_name = aws_glue_job.this.name
  }

  lifecycle {
    # Naming here what must be ready puts it first.
    precondition {
      condition     = alltrue([for ready in var.ready : ready != ""])
      error_message = "ready: should hold other modules' output `ready`, but one of them is empty."
    }
  }
}

# Glue rejects a role that IAM doesn't know everywhere yet.
module "iam_propagation" {
  source = "../iam_propagation"
  count  = var.role != null || var.iam_propagation_seconds == 0 ? 0 : 1

  permissions = [local.role_arn, one(aws_iam_role_policy.this[*].policy)]
  seconds     = var.iam_propagation_seconds
}

# What Spark itself writes on S3 (the checkpoint), and the logs. The rows are written by the program, by the bucket's own
# encryption.
resource "aws_glue_security_configuration" "this" {
  count = var.kms_key == null ? 0 : 1

  name = local.job_name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.kms_key.arn
    }

    # There are no bookmarks, but a configuration without this counts as unencrypted.
    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.kms_key.arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = local.files_bucket.kms_key == null ? var.kms_key.arn : local.files_bucket.kms_key.arn
    }
  }
}

# What the script prints, and Spark's own log.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: Logs are encrypted by AWS' own key unless kms_key is given; they hold counts and sequence numbers.
  #checkov:skip=CKV_AWS_338: A month is enough to find a fault, and the retention is a setting.
  for_each = toset(["output", "error"])

  name              = "${local.log_place}/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key == null ? null : var.kms_key.arn
  tags              = var.tags
}
