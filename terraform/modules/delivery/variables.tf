variable "name" {
  description = "Name of the Firehose delivery stream, and the start of the names of its role and log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,52}$", var.name))
    error_message = "name: 1 to 52 of a-z, A-Z, 0-9, _, . and -, because the role's name contains it; shorten it or replace what else is in it."
  }
}

variable "target" {
  description = "Where rows go: the module table's output target. In the bucket this module touches objects only. kms_key is the key that encrypts it, if it is a customer managed one; account_id is its account, if it is another one."
  type = object({
    bucket = object({
      name       = string
      arn        = string
      kms_key    = optional(object({ arn = string }))
      account_id = optional(string)
    })
    database              = string
    table                 = string
    data_prefix           = string
    error_prefix          = string
    partition_by          = optional(string, "arrival")
    partition_granularity = optional(string, "hour")
  })
  nullable = false

  validation {
    condition     = contains(["arrival", "event_time"], var.target.partition_by) && contains(["hour", "day"], var.target.partition_granularity)
    error_message = "target: partition_by should be \"arrival\" or \"event_time\", and partition_granularity \"hour\" or \"day\"."
  }
  validation {
    condition     = !startswith(var.target.error_prefix, var.target.data_prefix) && !startswith(var.target.data_prefix, var.target.error_prefix)
    error_message = "target: error_prefix ${var.target.error_prefix} and data_prefix ${var.target.data_prefix} are one inside the other, so readers of the data would find objects that are not Parquet. Set both, to separate prefixes."
  }
}

variable "stream_arn" {
  description = "ARN of the Kinesis data stream to read."
  type        = string
  nullable    = false
}

variable "stream_kms_key" {
  description = "Customer managed key that encrypts the stream, or null if it is AWS' own."
  type        = object({ arn = string })
  default     = null
}

variable "transform" {
  description = "The function: its ARN without a version, on which the role's policy is built, and the version-qualified ARN that Firehose invokes."
  type = object({
    function_arn  = string
    qualified_arn = string
  })
  nullable = false
}

variable "buffering_interval_seconds" {
  description = "How long Firehose gathers rows before it writes an object, in seconds. Most of the pipeline's latency; a longer one makes fewer, larger objects. Under 60 is faster, takes three requests for each object instead of one, and may be rejected: of two AWS pages one allows 0 to 900, the other 60 to 900."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.buffering_interval_seconds >= 0 && var.buffering_interval_seconds <= 900 && floor(var.buffering_interval_seconds) == var.buffering_interval_seconds
    error_message = "buffering_interval_seconds: a whole number from 0 to 900."
  }
  validation {
    condition     = var.target.partition_by == "arrival" || var.buffering_interval_seconds >= 60
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

variable "lake_formation" {
  description = "Whether to grant the role DESCRIBE and SELECT on the table, and DESCRIBE on the database, in Lake Formation. For a database that Lake Formation governs: without the grants Firehose can't be made. Whoever applies has to be able to give them."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "How long Firehose's error logs are kept, in days."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains(local.log_retention_choices, var.log_retention_days)
    error_message = "log_retention_days: one of CloudWatch's: ${join(", ", local.log_retention_choices)}."
  }
}

variable "role" {
  description = "Existing role for the delivery stream, or null to make one. It needs what this module would give it: to read the stream and the Glue table, invoke the function, write the objects and the log, and use the keys."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.role == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.role.arn))
    error_message = "role: arn should be a role's ARN, such as arn:aws:iam::123456789012:role/orders-firehose, or null."
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
  description = "How long to wait between granting the role's permissions and creating the delivery stream, in seconds. IAM is eventually consistent, and the provider does not retry every error that comes from that (hashicorp/aws 47937). 0 leaves the wait out, and with it the provisioner."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.iam_propagation_seconds >= 0 && var.iam_propagation_seconds <= 300 && floor(var.iam_propagation_seconds) == var.iam_propagation_seconds
    error_message = "iam_propagation_seconds: a whole number from 0 to 300."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the log group, or null for AWS' own. The stream's key is stream_kms_key, the bucket's is in target."
  type        = object({ arn = string })
  default     = null
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
