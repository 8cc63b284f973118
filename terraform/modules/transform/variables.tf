variable "name" {
  description = "Name of the function, and part of the names of its role and log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,54}$", var.name))
    error_message = "name: 1 to 54 of a-z, A-Z, 0-9, _ and -, because the role's name contains it; shorten it or replace what else is in it."
  }
}

variable "schema" {
  description = "The table's schema file: jsondecode(file(\"orders.schema.json\"))."
  type        = any
  nullable    = false
}

variable "package_file" {
  description = "Path of the function's zip, such as dist/<architecture>/bootstrap.zip, which `python3 package.py` builds; or null with package. The module package checks it."
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

variable "schema_in_package" {
  description = "Path of the schema file, if `python3 package.py --schema` has put it into the package, or null to pass the schema in the function's environment. For schemas that the environment's 4 KB don't hold. It must be the file that schema is read from."
  type        = string
  default     = null

  validation {
    condition     = var.schema_in_package == null || try(fileexists(var.schema_in_package), false)
    error_message = "schema_in_package: there is no ${coalesce(var.schema_in_package, "-")}; give the path of the table's schema file."
  }
  validation {
    condition     = var.schema_in_package == null || var.package == null
    error_message = "schema_in_package: Terraform can't look into a package on S3, and function and Glue table must have the same schema; give the package as package_file."
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
  description = "Memory in MB, which also sets the share of a processor (1,769 MB are one). The function itself stays within 64 MB."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size: a whole number of MB from 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "How long one invocation may take, in seconds. A batch takes milliseconds; Firehose gives up after 300."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 300 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds: a whole number from 1 to 300, because Firehose waits five minutes at most."
  }
}

variable "tables" {
  description = "Names of the DynamoDB tables whose changes become rows, or null for the schema's own table. Changes of other tables on the stream are dropped."
  type        = list(string)
  default     = null

  validation {
    condition     = var.tables == null || try(length(var.tables) > 0 && alltrue([for table in var.tables : can(regex("^[a-zA-Z0-9_.-]{3,255}$", table))]), false)
    error_message = "tables: names of DynamoDB tables (3 to 255 of a-z, A-Z, 0-9, _, . and -), or null for the schema's own table."
  }
}

variable "partition_by" {
  description = "Which time the date prefixes on S3 come from: \"arrival\" (Firehose's clock), or \"event_time\" (each change's own time, which the function then hands to Firehose's dynamic partitioning). The same value as the module delivery's."
  type        = string
  default     = "arrival"
  nullable    = false

  validation {
    condition     = contains(["arrival", "event_time"], var.partition_by)
    error_message = "partition_by: \"arrival\" or \"event_time\"."
  }
}

variable "reserved_concurrency" {
  description = "Maximum number of concurrent invocations, taken from the account's pool, or null for no reservation. Firehose runs up to five per shard, so less than that throttles."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 5 && floor(var.reserved_concurrency) == var.reserved_concurrency, false)
    error_message = "reserved_concurrency: a whole number from 5 (Firehose runs up to five invocations per shard), or null."
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
  description = "How long logs are kept, in days. They hold counts and record ids, never values."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains(local.log_retention_choices, var.log_retention_days)
    error_message = "log_retention_days: one of CloudWatch's: ${join(", ", local.log_retention_choices)}."
  }
}

variable "role" {
  description = "Existing role for the function, or null to make one. It needs what this module would give it: to write to the function's log group, and kms:Decrypt with kms_key."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.role == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.role.arn))
    error_message = "role: arn should be a role's ARN, such as arn:aws:iam::123456789012:role/orders-transform, or null."
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
  description = "How long to wait between granting the role a key and running the function, in seconds. Only with kms_key and a role of our own. 0 leaves the wait out."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.iam_propagation_seconds >= 0 && var.iam_propagation_seconds <= 300 && floor(var.iam_propagation_seconds) == var.iam_propagation_seconds
    error_message = "iam_propagation_seconds: a whole number from 0 to 300."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the environment and the logs, or null for AWS' own. Its policy must let CloudWatch Logs use it, like that of the module kms_key."
  type        = object({ arn = string })
  default     = null
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
