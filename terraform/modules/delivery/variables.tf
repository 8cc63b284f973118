variable "name" {
  description = "Name of the Firehose delivery stream, and the start of the names of its role and log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,52}$", var.name))
    error_message = "name: 1 to 52 of a-z, A-Z, 0-9, _, . and -, because the role's name contains it; shorten it or replace what else is in it."
  }
}

variable "schema" {
  description = "The table's schema file: jsondecode(file(\"orders.schema.json\"))."
  type        = any
  nullable    = false
}

variable "stream_arn" {
  description = "ARN of the Kinesis data stream to read."
  type        = string
  nullable    = false
}

variable "transform" {
  description = "The function: its ARN without a version, on which the role's policy is built, and the version-qualified ARN that Firehose invokes."
  type = object({
    function_arn  = string
    qualified_arn = string
  })
  nullable = false
}

variable "bucket" {
  description = "Bucket to deliver to, or null to make one. In a given bucket this module touches objects only: its policy, encryption and notifications stay yours."
  type = object({
    name = string
    arn  = string
  })
  default = null
}

variable "bucket_name" {
  description = "Name of the bucket to make, or null for <name>-<account>-<region>. Not used with a given bucket."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name: 3 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the bucket with all data in it. Without it, destroy stops at a bucket that holds anything."
  type        = bool
  default     = false
  nullable    = false
}

variable "data_prefix" {
  description = "Prefix of Parquet objects, or null for data/<name>/, where the name is the schema's, else the DynamoDB table's. Date partitions follow it."
  type        = string
  default     = null

  validation {
    condition     = var.data_prefix == null || can(regex("^[a-zA-Z0-9][a-zA-Z0-9_./=-]{0,199}/$", var.data_prefix))
    error_message = "data_prefix: letters, digits, _ . = - and /, beginning with a letter or digit and ending with /. Date partitions are added; expressions (!{...}) are not allowed."
  }
}

variable "error_prefix" {
  description = "Prefix of what could not be delivered, or null for errors/<name>/. The kind of error and the date follow it."
  type        = string
  default     = null

  validation {
    condition     = var.error_prefix == null || can(regex("^[a-zA-Z0-9][a-zA-Z0-9_./=-]{0,199}/$", var.error_prefix))
    error_message = "error_prefix: letters, digits, _ . = - and /, beginning with a letter or digit and ending with /. The kind of error and the date are added; expressions (!{...}) are not allowed."
  }
}

variable "partition_by" {
  description = "Which time partitions are named by: \"arrival\" (when Firehose got the change; no extra charge), or \"event_time\" (when it was made; Firehose's dynamic partitioning, charged by GB and object, at least 60 s). It can't be changed later: Firehose would be replaced."
  type        = string
  default     = "arrival"
  nullable    = false

  validation {
    condition     = contains(["arrival", "event_time"], var.partition_by)
    error_message = "partition_by: \"arrival\" or \"event_time\"."
  }
}

variable "partition_granularity" {
  description = "How fine partitions are: \"hour\" (dt=2026-01-31/hour=23/) or \"day\" (dt=2026-01-31/, for little traffic)."
  type        = string
  default     = "hour"
  nullable    = false

  validation {
    condition     = contains(["hour", "day"], var.partition_granularity)
    error_message = "partition_granularity: \"hour\" or \"day\"."
  }
}

variable "buffering_interval_seconds" {
  description = "How long Firehose gathers rows before it writes an object, in seconds, or null for 30 (60 with partition_by = \"event_time\", which allows no less). Most of the pipeline's latency; a longer one makes fewer, larger objects."
  type        = number
  default     = null

  validation {
    condition     = var.buffering_interval_seconds == null || try(var.buffering_interval_seconds >= 0 && var.buffering_interval_seconds <= 900 && floor(var.buffering_interval_seconds) == var.buffering_interval_seconds, false)
    error_message = "buffering_interval_seconds: a whole number from 0 to 900, or null."
  }
  validation {
    condition     = var.partition_by == "arrival" || var.buffering_interval_seconds == null || try(var.buffering_interval_seconds >= 60, false)
    error_message = "buffering_interval_seconds: at least 60 with partition_by = \"event_time\", because AWS rejects less with dynamic partitioning."
  }
}

variable "buffering_size_mb" {
  description = "How many MB Firehose gathers at most before it writes an object."
  type        = number
  default     = 128
  nullable    = false

  validation {
    condition     = var.buffering_size_mb >= 64 && var.buffering_size_mb <= 128 && floor(var.buffering_size_mb) == var.buffering_size_mb
    error_message = "buffering_size_mb: a whole number from 64 to 128; AWS rejects less if records are converted to Parquet."
  }
}

variable "transform_buffer_interval_seconds" {
  description = "How long Firehose gathers changes before it invokes the function, in seconds. AWS' default of 60 would double the latency."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.transform_buffer_interval_seconds >= 0 && var.transform_buffer_interval_seconds <= 900 && floor(var.transform_buffer_interval_seconds) == var.transform_buffer_interval_seconds
    error_message = "transform_buffer_interval_seconds: a whole number from 0 to 900."
  }
}

variable "transform_buffer_size_mb" {
  description = "How many MB of changes one invocation gets at most. Rows must come back within Lambda's 6 MB: at 1 MB they may grow fourfold, base64 included."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.transform_buffer_size_mb >= 0.2 && var.transform_buffer_size_mb <= 3
    error_message = "transform_buffer_size_mb: from 0.2 to 3, because Lambda takes and returns 6 MB at most, base64 included."
  }
}

variable "database" {
  description = "Name of an existing Glue database for the table, or null to make one."
  type        = string
  default     = null

  validation {
    condition     = var.database == null || can(regex("^[a-z0-9_]{1,255}$", var.database))
    error_message = "database: 1 to 255 of a-z, 0-9 and _, which is what Athena accepts."
  }
}

variable "table" {
  description = "Name of the Glue table, or null for the DynamoDB table's name in lower case."
  type        = string
  default     = null

  validation {
    condition     = var.table == null || can(regex("^[a-z0-9_]{1,255}$", var.table))
    error_message = "table: 1 to 255 of a-z, 0-9 and _, which is what Athena accepts."
  }
}

variable "retained_columns" {
  description = "Columns that the schema no longer has and the Glue table keeps, with their types: old objects can still be read, and no row loses a value while function and table change one after the other. Remove them in a later apply, or never."
  type = list(object({
    name    = string
    type    = string
    comment = optional(string)
  }))
  default  = []
  nullable = false
}

variable "projection_start" {
  description = "First day for which Athena looks for partitions, yyyy-MM-dd. It does not see earlier ones."
  type        = string
  default     = "2025-01-01"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.projection_start)) && can(formatdate("YYYY", "${var.projection_start}T00:00:00Z"))
    error_message = "projection_start: a day, such as 2025-01-31."
  }
}

variable "noncurrent_version_days" {
  description = "How long the bucket keeps objects that were deleted or overwritten, in days: the time to undo a mistake. Not used with a given bucket."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days: a whole number from 1."
  }
}

variable "log_retention_days" {
  description = "How long Firehose's error logs are kept, in days."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "iam_propagation_seconds" {
  description = "How long to wait between granting the role's permissions and creating the delivery stream, in seconds. IAM is eventually consistent, and the provider does not retry every error that comes from that (hashicorp/aws 47937)."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.iam_propagation_seconds >= 0 && var.iam_propagation_seconds <= 300 && floor(var.iam_propagation_seconds) == var.iam_propagation_seconds
    error_message = "iam_propagation_seconds: a whole number from 0 to 300."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the objects, the logs and, if it is encrypted by the same key, the stream; or null for S3's and AWS' own keys."
  type        = object({ arn = string })
  default     = null
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
