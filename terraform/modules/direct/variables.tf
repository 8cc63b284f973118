variable "name" {
  description = "Start of the name of the function, its role and its log group; -direct follows."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,54}$", var.name))
    error_message = "name: 1 to 54 of a-z, A-Z, 0-9, _ and -, because the function's name contains it; shorten it or replace what else is in it."
  }
}

variable "schemas" {
  description = "The schema files of the tables of the lake that the function writes, each jsondecode(file(...)): one, or several with a `where` each."
  type        = any
  nullable    = false

  validation {
    condition     = try(startswith(jsonencode(var.schemas), "[") && length(var.schemas) > 0, false)
    error_message = "schemas: a list of schema files' contents, such as [jsondecode(file(\"orders.schema.json\"))]."
  }
}

variable "targets" {
  description = "Where the rows of each schema go, in the same order: the module table's output target, of a call with via = \"direct\". In the bucket this module touches objects only."
  type = list(object({
    bucket = object({
      name       = string
      arn        = string
      kms_key    = optional(object({ arn = string }))
      account_id = optional(string)
    })
    data_prefix           = string
    error_prefix          = string
    partition_by          = optional(string, "arrival")
    partition_granularity = optional(string, "hour")
  }))
  nullable = false

  validation {
    condition     = length(var.targets) > 0 && alltrue([for target in var.targets : contains(["arrival", "event_time"], target.partition_by) && contains(["hour", "day"], target.partition_granularity)])
    error_message = "targets: one for each schema; partition_by should be \"arrival\" or \"event_time\", and partition_granularity \"hour\" or \"day\"."
  }
  validation {
    condition     = alltrue([for target in var.targets : !startswith(target.error_prefix, target.data_prefix) && !startswith(target.data_prefix, target.error_prefix)])
    error_message = "targets: an error_prefix and its data_prefix are one inside the other, so readers of the data would find objects that are not Parquet. Set two separate prefixes."
  }
}

variable "changes_from" {
  description = "Where the changes come from: \"dynamodb_streams\" (the table's own stream, at no charge and in each item's exact order, kept for 24 hours), or \"kinesis\" (a Kinesis data stream that the table writes into)."
  type        = string
  default     = "dynamodb_streams"
  nullable    = false

  validation {
    condition     = contains(["dynamodb_streams", "kinesis"], var.changes_from)
    error_message = "changes_from: \"dynamodb_streams\" or \"kinesis\"."
  }
}

variable "table_name" {
  description = "Name of the DynamoDB table, or null for the schemas'. For a table with a stage in its name, such as orders-prod."
  type        = string
  default     = null

  validation {
    condition     = var.table_name == null || can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.table_name))
    error_message = "table_name: 3 to 255 of a-z, A-Z, 0-9, _, . and -, not an ARN; or null for the schemas'."
  }
}

variable "source_arn" {
  description = "ARN of the stream. Of a Kinesis data stream it is required. Of a table's own stream it is looked up by the table's name if it is null: give it (aws_dynamodb_table.….stream_arn) if the table is made in the same apply."
  type        = string
  default     = null

  validation {
    condition     = var.changes_from == "kinesis" ? can(regex("^arn:[a-z-]+:kinesis:[a-z0-9-]+:[0-9]{12}:stream/", coalesce(var.source_arn, "-"))) : var.source_arn == null || can(regex("^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[^/]+/stream/", coalesce(var.source_arn, "-")))
    error_message = "source_arn: with changes_from = \"kinesis\" the ARN of a Kinesis data stream (arn:aws:kinesis:…:stream/NAME); with \"dynamodb_streams\" that of the table's stream (arn:aws:dynamodb:…:table/NAME/stream/LABEL), or null."
  }
}

variable "source_kms_key" {
  description = "Customer managed key that encrypts the Kinesis stream or the DynamoDB table, or null if it is AWS' own."
  type        = object({ arn = string })
  default     = null
}

variable "retention_hours" {
  description = "How long the Kinesis stream keeps changes, in hours. A table's own stream keeps them for 24."
  type        = number
  default     = 24
  nullable    = false

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "retention_hours: the stream's own retention, from 24 to 8760."
  }
}

variable "maximum_record_age_seconds" {
  description = "Age at which Lambda gives up a record that could not be stored, and puts its batch into on_failure_bucket, in seconds; or null for two hours less than the stream keeps it (79,200 for a table's own), a week at most. Below the retention, or the record would be gone without a trace. What is older when the mapping begins goes there at once: after a first apply, replay it."
  type        = number
  default     = null

  validation {
    condition     = var.maximum_record_age_seconds == null || try(var.maximum_record_age_seconds >= 60 && var.maximum_record_age_seconds <= 604800 && floor(var.maximum_record_age_seconds) == var.maximum_record_age_seconds, false)
    error_message = "maximum_record_age_seconds: a whole number from 60 to 604800, which is what Lambda takes."
  }
  validation {
    condition     = var.maximum_record_age_seconds == null || try(var.maximum_record_age_seconds <= local.retention_seconds - 3600, false)
    error_message = "maximum_record_age_seconds: at least an hour less than the stream keeps records (${local.retention_seconds / 3600} hours), so that a batch is on S3 before the stream forgets it; or null for two hours less."
  }
}

variable "on_failure_bucket" {
  description = "Bucket of this account for the batches that Lambda gives up: { name, arn }, with kms_key if a customer managed key encrypts it. Their keys begin with aws/lambda/. Best not the bucket of the data: what keeps the function from writing there would keep Lambda from it too."
  type = object({
    name    = string
    arn     = string
    kms_key = optional(object({ arn = string }))
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.on_failure_bucket.arn))
    error_message = "on_failure_bucket: arn should be a bucket's, such as arn:aws:s3:::my-bucket, without a key after it."
  }
}

variable "batch_size" {
  description = "How many records one invocation gets at most. Lambda's 6 MB are usually the limit before it."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10000 && floor(var.batch_size) == var.batch_size
    error_message = "batch_size: a whole number from 1 to 10000."
  }
}

variable "batching_window_seconds" {
  description = "How long Lambda gathers changes of a shard before it invokes the function, in seconds; 0 only with a batch_size up to 10. Most of the latency; a longer one makes fewer, larger objects."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.batching_window_seconds >= 0 && var.batching_window_seconds <= 300 && floor(var.batching_window_seconds) == var.batching_window_seconds
    error_message = "batching_window_seconds: a whole number from 0 to 300."
  }
  validation {
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    condition     = var.batching_window_seconds > 0 || var.batch_size <= 10
    error_message = "batching_window_seconds: for batches of more than 10 records (batch_size is ${var.batch_size}) Lambda wants a window of a second at least."
  }
}

variable "parallelization_factor" {
  description = "How many batches of one shard are in work at a time. The changes of one item stay in order. More than 1 only if a shard falls behind: it makes more, smaller objects."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.parallelization_factor >= 1 && var.parallelization_factor <= 10 && floor(var.parallelization_factor) == var.parallelization_factor
    error_message = "parallelization_factor: a whole number from 1 to 10."
  }
}

variable "filters" {
  description = "Patterns of changes that Lambda passes on, as JSON texts; with several, one has to match. From a table's own stream such as { dynamodb = { Keys = { PK = { S = [{ prefix = \"ORDER#\" }] } } } }, from Kinesis the same within { data = … }. The others cost no invocation, and nothing counts them: the schema's `where` and `events` choose rows too, and count what they drop."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.filters) <= 10 && alltrue([for filter in var.filters : can(keys(jsondecode(filter))) && length(filter) <= 4096])
    error_message = "filters: up to ten (by default AWS allows five) JSON objects of up to 4,096 characters, each as a text, such as jsonencode({ dynamodb = { Keys = { PK = { S = [{ prefix = \"ORDER#\" }] } } } })."
  }
  validation {
    # What Kinesis carries is under data, and nothing else can be asked for: a pattern of the other kind would match no change.
    # https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
    condition     = alltrue([for filter in var.filters : var.changes_from == "kinesis" ? keys(jsondecode(filter)) == ["data"] : !contains(keys(jsondecode(filter)), "data") if can(keys(jsondecode(filter)))])
    error_message = "filters: from Kinesis a pattern's one root key is \"data\", such as jsonencode({ data = { dynamodb = { Keys = { PK = { S = [{ prefix = \"ORDER#\" }] } } } } }); from a table's own stream it is what is in there, such as \"dynamodb\". Otherwise no change would match."
  }
}

variable "filters_kms_key" {
  description = "Customer managed key that encrypts the filters, or null for AWS' own. Its policy has to let lambda.amazonaws.com decrypt."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.filters_kms_key == null || length(var.filters) > 0
    error_message = "filters_kms_key: there are no filters to encrypt; leave it out, or set filters."
  }
}

variable "ready" {
  description = "What must exist before the first change flows, such as [module.notifications.ready]: S3 does not announce an object that came before the notification."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "package_file" {
  description = "Path of the function's zip, such as dist/<architecture>/direct.zip, which `python3 package.py` builds; or null with package. The module package checks it."
  type        = string
  default     = null
}

variable "package" {
  description = "Place of the function's zip on S3, in the function's Region, or null with package_file. Of a bucket that keeps versions, give s3_object_version; otherwise package_sha256."
  type = object({
    s3_bucket         = string
    s3_key            = string
    s3_object_version = optional(string)
  })
  default = null
}

variable "package_sha256" {
  description = "SHA-256 of the zip as 64 hexadecimal digits, as in the SHA256SUMS of a release, or null to take what is there. Another zip is rejected before anything invokes it."
  type        = string
  default     = null
}

variable "schemas_in_package" {
  description = "Paths of the schema files, in the order of schemas, if they are in the package, by `python3 package.py --schema`, or null to pass the schemas in the function's environment. For schemas that the environment's 4 KB don't hold."
  type        = list(string)
  default     = null

  validation {
    condition     = var.schemas_in_package == null || try(length(var.schemas_in_package) > 0 && alltrue([for file in var.schemas_in_package : fileexists(file)]), false)
    error_message = "schemas_in_package: there is no ${join(", ", [for file in coalesce(var.schemas_in_package, []) : file if !fileexists(file)])}; give the paths of the schema files."
  }
  validation {
    condition     = var.schemas_in_package == null || var.package == null
    error_message = "schemas_in_package: Terraform can't look into a package on S3, and function and Glue tables must have the same schema; give the package as package_file."
  }
}

variable "architecture" {
  description = "Instruction set that the package was built for: x86_64, or arm64 (about a fifth cheaper a millisecond)."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture: x86_64 or arm64, as the package was built."
  }
}

variable "memory_size" {
  description = "Memory in MB, which also sets the share of a processor (1,769 MB are one). A batch of 6 MB needs up to 128 MB."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory_size >= 256 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size: a whole number of MB from 256, for batches of 6 MB and their objects, to 10240."
  }
}

variable "timeout_seconds" {
  description = "How long one invocation may take, in seconds. A batch takes milliseconds; the rest is for trying again while S3 rejects it."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 10 && var.timeout_seconds <= 900 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds: a whole number from 10, so that there is time to try again, to 900."
  }
}

variable "reserved_concurrency" {
  description = "Maximum number of concurrent invocations, taken from the account's pool, or null for no reservation. There is one for each shard, times parallelization_factor; with fewer, shards wait for each other."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= var.parallelization_factor && floor(var.reserved_concurrency) == var.reserved_concurrency, false)
    error_message = "reserved_concurrency: a whole number from parallelization_factor, which is what one shard needs, or null."
  }
}

variable "log_level" {
  description = "Lowest level of log lines that are written: TRACE, DEBUG, INFO, WARN, ERROR or FATAL. Metrics are written at any level."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(local.log_levels, var.log_level)
    error_message = "log_level: one of ${join(", ", local.log_levels)}."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days. They hold counts and sequence numbers, never values."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains(local.log_retention_choices, var.log_retention_days)
    error_message = "log_retention_days: one of CloudWatch's: ${join(", ", local.log_retention_choices)}."
  }
}

variable "role" {
  description = "Existing role for the function, or null to make one. It needs what this module would give it: see iam.tf."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.role == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.role.arn))
    error_message = "role: arn should be a role's ARN, such as arn:aws:iam::123456789012:role/orders-direct, or null."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds what the role may be given, or null. Not used with an existing role."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary))
    error_message = "permissions_boundary: should be a managed policy's ARN, such as arn:aws:iam::123456789012:policy/boundary, or null."
  }
}

variable "role_path" {
  description = "Path of the role, such as /dynalake/. Not used with an existing role."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([a-zA-Z0-9_+=,.@-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path: should begin and end with \"/\", such as /dynalake/, with a-z, A-Z, 0-9 and _+=,.@- between."
  }
}

variable "iam_propagation_seconds" {
  description = "How long to wait between granting the role's permissions and using them, in seconds: the mapping is rejected if IAM doesn't know yet that the role may read the stream. 0 leaves the wait out, and with it the provisioner."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.iam_propagation_seconds >= 0 && var.iam_propagation_seconds <= 300 && floor(var.iam_propagation_seconds) == var.iam_propagation_seconds
    error_message = "iam_propagation_seconds: a whole number from 0 to 300."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the environment and the logs, or null for AWS' own. Its policy must let CloudWatch Logs use it, like that of the module kms_key. The bucket's key is in targets."
  type        = object({ arn = string })
  default     = null
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
