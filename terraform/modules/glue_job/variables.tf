variable "name" {
  description = "Start of the names of the job, its role, its trigger and its logs; -spark follows."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,52}$", var.name))
    error_message = "name: 1 to 52 of a-z, A-Z, 0-9, _ and -, because a rule's name contains it; shorten it or replace what else is in it."
  }
}

variable "schema" {
  description = "The table's schema file: jsondecode(file(\"orders.schema.json\"))."
  type        = any
  nullable    = false
}

variable "target" {
  description = "Where the rows go: the module table's output target, of a call with via = \"spark\". In the bucket this module touches objects only."
  type = object({
    bucket = object({
      name       = string
      arn        = string
      kms_key    = optional(object({ arn = string }))
      account_id = optional(string)
    })
    data_prefix           = string
    error_prefix          = string
    partition_by          = optional(string, "event_time")
    partition_granularity = optional(string, "hour")
  })
  nullable = false

  validation {
    condition     = !startswith(var.target.error_prefix, var.target.data_prefix) && !startswith(var.target.data_prefix, var.target.error_prefix)
    error_message = "target: error_prefix (${var.target.error_prefix}) and data_prefix (${var.target.data_prefix}) are one inside the other, so readers of the data would find objects that are not Parquet. Set two separate prefixes."
  }
}

variable "table_name" {
  description = "Name of the DynamoDB table, or null for the schema's. For a table with a stage in its name, such as orders-prod."
  type        = string
  default     = null

  validation {
    condition     = var.table_name == null || can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.table_name))
    error_message = "table_name: 3 to 255 of a-z, A-Z, 0-9, _, . and -, not an ARN; or null for the schema's."
  }
}

variable "stream_arn" {
  description = "ARN of the Kinesis data stream that the table writes into. Another stream begins another checkpoint, from its oldest record."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[a-zA-Z0-9_.-]+$", var.stream_arn))
    error_message = "stream_arn: the ARN of a Kinesis data stream (arn:aws:kinesis:…:stream/NAME). The table's own stream can't be read by Spark."
  }
}

variable "stream_kms_key" {
  description = "Customer managed key that encrypts the stream, or null if it is AWS' own."
  type        = object({ arn = string })
  default     = null
}

variable "program_file" {
  description = "Path of the program `dynalake` for x86_64, such as dist/x86_64/dynalake, which `python3 package.py --function dynalake` builds. It makes the rows, on each worker."
  type        = string
  nullable    = false
}

variable "script_file" {
  description = "Path of the job's script, or null for spark/dynalake_job.py of this repository. A script of your own gets the same arguments."
  type        = string
  default     = null
}

variable "arguments" {
  description = "More arguments of the job, such as { \"--datalake-formats\" = \"iceberg\" } for a script of your own."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.arguments) : startswith(name, "--")]) && length(setintersection(keys(var.arguments), keys(local.arguments))) == 0
    error_message = "arguments: begin each name with --, and leave out those that the module sets itself (${join(", ", keys(local.arguments))})."
  }
}

variable "files_bucket" {
  description = "Existing bucket of this account for script, program, schema and checkpoint: { name, arn }, with kms_key if a customer managed key encrypts it; or null for the data's bucket, if that is this account's."
  type = object({
    name    = string
    arn     = string
    kms_key = optional(object({ arn = string }))
  })
  default = null

  validation {
    condition     = var.files_bucket == null || can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.files_bucket.arn))
    error_message = "files_bucket: arn should be a bucket's, such as arn:aws:s3:::my-bucket, without a key after it."
  }
}

variable "files_prefix" {
  description = "Prefix of these files; <name>/ follows. Outside the prefixes of data and errors."
  type        = string
  default     = "spark/"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_./=-]{0,99}/$", var.files_prefix))
    error_message = "files_prefix: should begin with a letter or digit and end with \"/\", such as spark/."
  }
}

variable "worker_type" {
  description = "Size of a worker: G.025X (a quarter of a DPU; 2 processors, 4 GB; streaming only), G.1X, G.2X, G.4X or G.8X (1, 2, 4, 8 DPUs). Billed all day."
  type        = string
  default     = "G.025X"
  nullable    = false

  validation {
    condition     = contains(["G.025X", "G.1X", "G.2X", "G.4X", "G.8X"], var.worker_type)
    error_message = "worker_type: G.025X, G.1X, G.2X, G.4X or G.8X."
  }
}

variable "number_of_workers" {
  description = "How many workers, of which one is the driver."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.number_of_workers >= 2 && var.number_of_workers <= 299 && floor(var.number_of_workers) == var.number_of_workers
    error_message = "number_of_workers: a whole number from 2 (a driver and one that works) to 299."
  }
}

variable "trigger_seconds" {
  description = "How often the job reads the stream and writes what came, in seconds. Most of the latency; a longer one makes fewer, larger objects."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.trigger_seconds >= 5 && var.trigger_seconds <= 900 && floor(var.trigger_seconds) == var.trigger_seconds
    error_message = "trigger_seconds: a whole number from 5 to 900."
  }
}

variable "maintenance_window" {
  description = "When Glue restarts the job, once a week, within three hours: a day and an hour in GMT, such as Sun:10."
  type        = string
  default     = "Sun:10"
  nullable    = false

  validation {
    condition     = can(regex("^(Sun|Mon|Tue|Wed|Thu|Fri|Sat):([01]?[0-9]|2[0-3])$", var.maintenance_window))
    error_message = "maintenance_window: a day and an hour in GMT, such as Sun:10."
  }
}

variable "max_retries" {
  description = "How often Glue starts a run again that failed. After that the trigger does, each quarter of an hour."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.max_retries >= 0 && var.max_retries <= 10 && floor(var.max_retries) == var.max_retries
    error_message = "max_retries: a whole number from 0 to 10."
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

variable "ready" {
  description = "What must exist before the first run, such as [module.notifications.ready]: S3 does not announce an object that came before the notification."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "role" {
  description = "Existing role for the job, or null to make one. It needs what this module would give it: see iam.tf."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.role == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.role.arn))
    error_message = "role: arn should be a role's ARN, such as arn:aws:iam::123456789012:role/orders-spark, or null."
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
  description = "How long to wait between granting the role's permissions and making the job, in seconds: Glue rejects a role that IAM does not know yet. 0 leaves the wait out, and with it the provisioner."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.iam_propagation_seconds >= 0 && var.iam_propagation_seconds <= 300 && floor(var.iam_propagation_seconds) == var.iam_propagation_seconds
    error_message = "iam_propagation_seconds: a whole number from 0 to 300."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the logs and, by a security configuration, what Spark itself writes; or null for AWS' own. Its policy must let CloudWatch Logs use it, like that of the module kms_key. The bucket's key is in target."
  type        = object({ arn = string })
  default     = null
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
