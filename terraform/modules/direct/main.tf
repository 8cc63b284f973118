module "schema" {
  source   = "../schema"
  for_each = { for at, schema in var.schemas : at => schema }

  schema = each.value
}

locals {
  # Not the name of Firehose's function, so that one apply can go from the one way to the other.
  function_name = "${var.name}-direct"

  names = [for at, schema in var.schemas : module.schema[at].table_name_in_glue]

  # The function joins prefix and name, so each target has to be where it writes.
  bucket       = var.targets[0].bucket
  prefix       = trimsuffix(var.targets[0].data_prefix, "/${local.names[0]}/")
  error_prefix = trimsuffix(var.targets[0].error_prefix, "/${local.names[0]}/")

  # For a table with another name than the schema's, such as orders-prod: the function knows a change's table by the schema's
  # `table` only. The name in the lake stays.
  schemas = [
    for at, schema in var.schemas : merge(
      schema,
      { for member, value in { table = var.table_name, name = local.names[at] } : member => value if var.table_name != null },
    )
  ]
  setting = base64gzip(length(local.schemas) == 1 ? jsonencode(local.schemas[0]) : jsonencode(local.schemas))

  # What `package.py` puts into the package: one file as it is, or several as a list. A single file keeps its name.
  package_schema = var.schemas_in_package == null ? null : (
    length(var.schemas_in_package) == 1
    ? { name = basename(var.schemas_in_package[0]), base64 = try(filebase64(var.schemas_in_package[0]), "") }
    : { name = "schemas.json", base64 = try(base64encode("[\n${join(",\n", [for file in var.schemas_in_package : trimspace(file(file))])}\n]\n"), "") }
  )

  environment = {
    DYNALAKE_SCHEMA                = local.package_schema == null ? local.setting : "@${local.package_schema.name}"
    DYNALAKE_BUCKET                = local.bucket.name
    DYNALAKE_PREFIX                = local.prefix
    DYNALAKE_ERROR_PREFIX          = local.error_prefix
    DYNALAKE_PARTITION_BY          = var.targets[0].partition_by
    DYNALAKE_PARTITION_GRANULARITY = var.targets[0].partition_granularity
  }
  environment_bytes = sum([for name, value in local.environment : length(name) + length(value)])

  log_levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; the modules transform and
  # delivery have the same list.
  log_retention_choices = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
}

module "package" {
  source = "../package"

  program        = "direct"
  package_file   = var.package_file
  package        = var.package
  package_sha256 = var.package_sha256
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50: X-Ray would sample the timing that the function's own metrics give of each invocation.
  #checkov:skip=CKV_AWS_115: A reservation is taken from the account's pool, so it is the user's choice (reserved_concurrency).
  #checkov:skip=CKV_AWS_116: The mapping invokes synchronously and has an on-failure destination; a dead-letter queue serves asynchronous invocations only.
  #checkov:skip=CKV_AWS_117: It calls S3 only, so a VPC would add cost and a way to fail.
  #checkov:skip=CKV_AWS_173: The environment holds the schema and names, no secret; kms_key encrypts it by a customer managed key.
  #checkov:skip=CKV_AWS_272: The package is the user's own, or a release whose hash is checked; signing needs a signing profile of theirs.
  function_name     = local.function_name
  description       = substr("dynalake: to Parquet objects, the changes of the DynamoDB table ${coalesce(var.table_name, module.schema[0].table)}", 0, 256) # Lambda's most
  role              = local.role_arn
  filename          = var.package_file
  s3_bucket         = try(var.package.s3_bucket, null)
  s3_key            = try(var.package.s3_key, null)
  s3_object_version = try(var.package.s3_object_version, null)
  source_code_hash  = module.package.source_code_hash
  runtime           = "provided.al2023"
  handler           = "bootstrap"
  architectures     = [var.architecture]
  memory_size       = var.memory_size
  timeout           = var.timeout_seconds
  kms_key_arn       = var.kms_key == null ? null : var.kms_key.arn
  tags              = var.tags

  # Each change of code or schema is a version of its own, which the alias gets once it has been checked.
  publish                        = true
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)

  environment {
    variables = local.environment
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.this.name
  }

  lifecycle {
    precondition {
      condition     = length(distinct(local.names)) == length(local.names)
      error_message = "schemas: two are for one table of the lake (${join(", ", local.names)}); give one a \"name\" of its own."
    }
    precondition {
      condition = length(var.targets) == length(local.names) && alltrue([
        for at, target in var.targets : [target.bucket.name, target.data_prefix, target.error_prefix, target.partition_by, target.partition_granularity] == [
          local.bucket.name, "${local.prefix}/${local.names[at]}/", "${local.error_prefix}/${local.names[at]}/",
          var.targets[0].partition_by, var.targets[0].partition_granularity,
        ] if at < length(local.names)
      ])
      error_message = "targets: should be one for each schema, in their order, in one bucket, each under <prefix>/<name>/, where the name is the schema's (${join(", ", local.names)}); use the module table with via = \"direct\"."
    }
    precondition {
      condition     = var.changes_from == "kinesis" || var.table_name != null || length(distinct([for schema in var.schemas : schema.table])) == 1
      error_message = "schemas: a table's stream has the changes of one table, but \"table\" is ${join(", ", distinct([for schema in var.schemas : schema.table]))}; correct it, or set table_name."
    }
    precondition {
      condition     = local.environment_bytes <= 4096
      error_message = "schemas: the function's environment would have ${local.environment_bytes} bytes, but Lambda allows 4,096. Put the schema files into the package (python3 package.py --package ZIP --schema FILE…), and give their paths as schemas_in_package; or shorten comments."
    }
    # Function and tables must have the same schemas: a column that the Glue table lacks, nobody would see.
    precondition {
      condition = var.schemas_in_package == null || try(
        length(var.schemas_in_package) == length(var.schemas)
        && alltrue([for at, file in var.schemas_in_package : jsonencode(jsondecode(file(file))) == jsonencode(var.schemas[at])])
        && alltrue([for schema in var.schemas : var.table_name == null || var.table_name == schema.table]),
        false,
      )
      error_message = "schemas_in_package: ${join(", ", coalesce(var.schemas_in_package, []))} should be the files of schemas, in their order, with the DynamoDB table's own name as \"table\": table_name can't change a schema that is in the package."
    }
    precondition {
      # `package.py` stores the schema uncompressed, at an offset where base64 of the package contains that of the schema. Only its last bytes may differ.
      condition     = local.package_schema == null || try(strcontains(filebase64(var.package_file), trimsuffix(local.package_schema.base64, regex(".{4}$", local.package_schema.base64))), false)
      error_message = "schemas_in_package: ${coalesce(var.package_file, "-")} does not hold ${join(", ", coalesce(var.schemas_in_package, []))} as they are now; run python3 package.py --package ${coalesce(var.package_file, "-")} --schema ${join(" ", coalesce(var.schemas_in_package, ["FILE"]))}"
    }
  }

  # Otherwise Lambda would make the log group itself, without retention. And it must be able to write from the first invocation.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

# Of an object on S3 Terraform sees no bytes, so Lambda is asked which ones it has got, before anything invokes them.
data "aws_lambda_function" "this" {
  count = module.package.has_to_be_compared ? 1 : 0

  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_function.this.version

  lifecycle {
    postcondition {
      condition     = self.code_sha256 == module.package.source_code_hash
      error_message = "package_sha256: Lambda got a zip from s3://${try(var.package.s3_bucket, "")}/${try(var.package.s3_key, "")} whose SHA-256 in base64 is ${self.code_sha256}, not ${module.package.source_code_hash}. Upload the zip that you mean under another key, or as another version, and give that; or correct the hash."
    }
  }
}

# The mapping is rejected if the role can't read the stream yet, and Lambda decrypts the environment with the role.
module "iam_propagation" {
  source = "../iam_propagation"
  count  = var.role != null || var.iam_propagation_seconds == 0 ? 0 : 1

  permissions = [local.role_arn, one(aws_iam_role_policy.this[*].policy)]
  seconds     = var.iam_propagation_seconds
}

# Runs each new version once, on an event without records, before the alias gets it. A schema or a package that the function
# rejects fails the apply here, with its message, and the running version goes on.
resource "aws_lambda_invocation" "check" {
  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_function.this.version
  input         = jsonencode({ Records = [] })
  triggers      = { version = aws_lambda_function.this.version }

  depends_on = [module.iam_propagation, data.aws_lambda_function.this]

  lifecycle {
    postcondition {
      condition     = try(length(jsondecode(self.result).batchItemFailures) == 0, false)
      error_message = "The function answered ${self.result} to an event without records. See its log group; `dynalake check` on the schema file shows what it would reject. The package should be a direct.zip, not a bootstrap.zip, which is Firehose's."
    }
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that has been checked, which the stream's changes go to"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  depends_on = [aws_lambda_invocation.check]
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: Logs are encrypted by AWS' own key unless kms_key is given; they hold counts and sequence numbers.
  #checkov:skip=CKV_AWS_338: A month is enough to find a fault, and the retention is a setting.
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key == null ? null : var.kms_key.arn
  tags              = var.tags
}
