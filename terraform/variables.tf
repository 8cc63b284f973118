variable "name" {
  description = "Name of the pipeline: of its stream, function, delivery stream and queue, and the start of all other names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9_-]{0,39}$", var.name))
    error_message = "name: 1 to 40 of a-z, A-Z, 0-9, _ and -, beginning with a letter; shorten it or replace what else is in it."
  }
}

variable "schema_file" {
  description = "Path of the table's schema file; `dynalake check` explains it."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.schema_file)
    error_message = "schema_file: there is no ${var.schema_file}; give the path of the table's schema file (examples/orders.schema.json is one)."
  }
  validation {
    condition     = !fileexists(var.schema_file) || can(jsondecode(file(var.schema_file)))
    error_message = "schema_file: ${var.schema_file} is not JSON; `dynalake check` shows where."
  }
}

variable "schema_in_package" {
  description = "Whether the function reads the schema file from its package, into which `python3 package.py --schema` has put it, and not from its environment. For schemas that the environment's 4 KB don't hold."
  type        = bool
  default     = false
  nullable    = false
}

variable "table_name" {
  description = "Name of the DynamoDB table, or null for the schema's. For tables that share a schema and have a stage in their name, such as orders-prod."
  type        = string
  default     = null
}

variable "architecture" {
  description = "Instruction set of the function: x86_64, or arm64 (about a fifth cheaper a millisecond)."
  type        = string
  default     = "x86_64"
  nullable    = false
}

variable "package_file" {
  description = "Path of the function's zip, or null for dist/<architecture>/bootstrap.zip of this repository, which `python3 package.py` builds."
  type        = string
  default     = null
}

variable "partition_by" {
  description = "Which time partitions are named by: \"arrival\" (when Firehose got the change; no extra charge), or \"event_time\" (when it was made; Firehose's dynamic partitioning, charged by GB and object). It can't be changed later without replacing Firehose."
  type        = string
  default     = "arrival"
  nullable    = false
}

variable "partition_granularity" {
  description = "How fine partitions are: \"hour\", or \"day\" for little traffic."
  type        = string
  default     = "hour"
  nullable    = false
}

variable "buffering_interval_seconds" {
  description = "How long Firehose gathers rows before it writes an object, in seconds, or null for 30 (60 with partition_by = \"event_time\"). Most of the pipeline's latency; a longer one makes fewer, larger objects."
  type        = number
  default     = null
}

variable "shard_count" {
  description = "Number of the stream's shards (1 MB/s or 1,000 changes/s each), or null for on-demand capacity."
  type        = number
  default     = null
}

variable "retention_hours" {
  description = "How long the stream keeps changes, in hours: anything after it may be broken that long, and nothing is lost."
  type        = number
  default     = 168
  nullable    = false
}

variable "memory_size" {
  description = "The function's memory in MB, which also sets its share of a processor (1,769 MB are one)."
  type        = number
  default     = 256
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Maximum number of concurrent invocations of the function, taken from the account's pool, or null for no reservation. Firehose runs up to five per shard."
  type        = number
  default     = null
}

variable "transform_buffer_size_mb" {
  description = "How many MB of changes one invocation gets at most, 0.2 to 3. Rows must come back within Lambda's 6 MB."
  type        = number
  default     = 1
  nullable    = false
}

variable "bucket" {
  description = "Existing bucket to deliver to, or null to make one. Its notification configuration is replaced, unless you give a topic."
  type = object({
    name = string
    arn  = string
  })
  default = null
}

variable "topic" {
  description = "Existing SNS topic that gets the bucket's notifications, or null to make one with the bucket's notification. A bucket has one notification configuration: if something else manages it, pass its topic."
  type        = object({ arn = string })
  default     = null
}

variable "additional_topic_policy_statements" {
  description = "More statements of the topic's policy, as objects with Sid, Effect, Principal and Action, for more consumers in other accounts; for example what Snowflake's SYSTEM$GET_AWS_SNS_IAM_POLICY returns."
  type        = any
  default     = []
  nullable    = false
}

variable "kms_key" {
  description = "Customer managed key that encrypts stream, environment, objects, logs, topic and queues, or null for AWS' own. The module kms_key makes one with the policy that this needs."
  type        = object({ arn = string })
  default     = null
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the bucket with all data in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "retained_columns" {
  description = "Columns that the schema no longer has and the Glue table keeps, with their types."
  type = list(object({
    name    = string
    type    = string
    comment = optional(string)
  }))
  default  = []
  nullable = false
}

variable "databricks_access" {
  description = "Whether to make the IAM role for a Unity Catalog storage credential. Until databricks_external_id is given nobody can assume it."
  type        = bool
  default     = true
  nullable    = false
}

variable "databricks_external_id" {
  description = "External ID that Databricks showed when the storage credential was created, or null before that."
  type        = string
  default     = null
}

variable "unity_catalog_role_arn" {
  description = "Databricks' own role that may assume ours. Set it only if the storage credential shows another unity_catalog_iam_arn than that of the commercial AWS regions."
  type        = string
  default     = null
}

variable "databricks_history" {
  description = "Whether the Databricks pipeline also keeps each version of each item, in the table <name>_history (SCD type 2)."
  type        = bool
  default     = false
  nullable    = false
}

variable "alarm_actions" {
  description = "ARNs of the SNS topics that alarms notify."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "thresholds" {
  description = "Thresholds of alarms that should differ from the module monitoring's defaults, such as { rows_rescued = 100, expect_traffic_minutes = 60 }."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition = length(setsubtract(keys(var.thresholds), [
      "replication_age_seconds", "stream_age_seconds", "retention_percent", "freshness_seconds", "function_duration_percent",
      "records_failed", "rows_rescued", "queue_age_seconds", "expect_traffic_minutes"
    ])) == 0
    error_message = "thresholds: unknown name(s) ${join(", ", setsubtract(keys(var.thresholds), ["replication_age_seconds", "stream_age_seconds", "retention_percent", "freshness_seconds", "function_duration_percent", "records_failed", "rows_rescued", "queue_age_seconds", "expect_traffic_minutes"]))}; allowed are replication_age_seconds, stream_age_seconds, retention_percent, freshness_seconds, function_duration_percent, records_failed, rows_rescued, queue_age_seconds, expect_traffic_minutes."
  }
}

variable "iam_propagation_seconds" {
  description = "How long to wait between granting Firehose's permissions and creating it, in seconds. IAM is eventually consistent."
  type        = number
  default     = 20
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
