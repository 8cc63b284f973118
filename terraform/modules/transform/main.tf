module "schema" {
  source = "../schema"
  schema = var.schema
}

locals {
  environment = merge(
    { DYNALAKE_SCHEMA = var.schema_in_package == null ? module.schema.setting : "@${basename(var.schema_in_package)}" },
    var.tables == null ? {} : { DYNALAKE_TABLES = join(",", var.tables) },
    var.partition_by == "event_time" ? { DYNALAKE_PARTITION_KEYS = "event_time" } : {},
  )
  environment_bytes = sum([for name, value in local.environment : length(name) + length(value)])

  log_levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; the module delivery has the
  # same list.
  log_retention_choices = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
}

module "package" {
  source = "../package"

  program        = "bootstrap"
  package_file   = var.package_file
  package        = var.package
  package_sha256 = var.package_sha256
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50: X-Ray would sample the timing that the function's own metrics give of each invocation.
  #checkov:skip=CKV_AWS_115: A reservation is taken from the account's pool, so it is the user's choice (reserved_concurrency).
  #checkov:skip=CKV_AWS_116: Firehose invokes synchronously, retries, and keeps what failed in the error prefix; a dead-letter queue serves asynchronous invocations only.
  #checkov:skip=CKV_AWS_117: It calls nothing, so a VPC would add cost and a way to fail.
  #checkov:skip=CKV_AWS_173: The environment holds the schema, no secret; kms_key encrypts it by a customer managed key.
  #checkov:skip=CKV_AWS_272: The package is the user's own, or a release whose hash is checked; signing needs a signing profile of theirs.
  function_name     = var.name
  description       = substr("dynalake: to rows, the changes of the DynamoDB table ${module.schema.table}", 0, 256) # Lambda's most
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

  # Each change of code or schema is a version of its own. Firehose is given the version, so a new one updates
  # Firehose, which also makes it read the Glue table again (hashicorp/aws 39593).
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
      condition     = local.environment_bytes <= 4096
      error_message = "schema: the function's environment would have ${local.environment_bytes} bytes, but Lambda allows 4,096. Put the schema file into the package (python3 package.py --package ZIP --schema FILE), and give its path as schema_in_package; or shorten comments."
    }
    # Function and table must have one schema: of a column that the table lacks, Firehose would drop the values.
    precondition {
      condition     = var.schema_in_package == null || try(jsonencode(jsondecode(file(var.schema_in_package))) == jsonencode(var.schema), false)
      error_message = "schema_in_package: ${coalesce(var.schema_in_package, "-")} is another schema than the one in schema; give the path of the same file."
    }
    precondition {
      # `package.py` stores the file uncompressed, at an offset where base64 of the package contains that of the file. Only its last bytes may differ.
      condition     = var.schema_in_package == null || try(strcontains(filebase64(var.package_file), trimsuffix(filebase64(var.schema_in_package), regex(".{4}$", filebase64(var.schema_in_package)))), false)
      error_message = "schema_in_package: ${coalesce(var.package_file, "-")} does not hold ${coalesce(var.schema_in_package, "-")} as it is now; run python3 package.py --package ${coalesce(var.package_file, "-")} --schema ${coalesce(var.schema_in_package, "FILE")}"
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

# Lambda decrypts the environment with the function's role, so IAM has to know the role by then.
module "iam_propagation" {
  source = "../iam_propagation"
  count  = var.kms_key == null || var.role != null || var.iam_propagation_seconds == 0 ? 0 : 1

  permissions = [local.role_arn, one(aws_iam_role_policy.this[*].policy)]
  seconds     = var.iam_propagation_seconds
}

# Runs each new version once, on an event without records, before Firehose gets it. A schema or a package that the
# function rejects fails the apply here, with its message, and the running version goes on.
resource "aws_lambda_invocation" "check" {
  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_function.this.version
  input = jsonencode({
    invocationId = "terraform-apply"
    # With the name that the modules share, so that its metrics line makes no series of its own.
    deliveryStreamArn = "deliverystream/${var.name}"
    records           = []
  })
  triggers = { version = aws_lambda_function.this.version }

  depends_on = [module.iam_propagation, data.aws_lambda_function.this]

  lifecycle {
    postcondition {
      condition     = can(jsondecode(self.result).records)
      error_message = "The function answered ${self.result} to an event without records. See its log group; `dynalake check` on the schema file shows what it would reject."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: Logs are encrypted by AWS' own key unless kms_key is given; they hold counts and record ids.
  #checkov:skip=CKV_AWS_338: A month is enough to find a fault, and the retention is a setting.
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key == null ? null : var.kms_key.arn
  tags              = var.tags
}
