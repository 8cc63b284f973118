variable "name" {
  description = "Name of the database to make; Glue gets it in lower case, with _ for every character other than a-z, 0-9 and _. Not used with a given database."
  type        = string
  default     = null

  validation {
    condition     = (var.name == null) != (var.database == null)
    error_message = "name: give either name, for a database of the module's own, or database, for an existing one."
  }
}

variable "schema" {
  description = "The table's schema file: jsondecode(file(\"orders.schema.json\"))."
  type        = any
  nullable    = false
}

variable "bucket" {
  description = "Bucket that holds the data: the module bucket's output, or { name, arn } of another, with kms_key if a customer managed key encrypts it, and account_id if it is another account's."
  type = object({
    name       = string
    arn        = string
    kms_key    = optional(object({ arn = string }))
    account_id = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.bucket.arn))
    error_message = "bucket: arn should be a bucket's, such as arn:aws:s3:::my-bucket, without a key after it."
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
  description = "Name of the Glue table, or null for the schema's name, else the DynamoDB table's in lower case."
  type        = string
  default     = null

  validation {
    condition     = var.table == null || can(regex("^[a-z0-9_]{1,255}$", var.table))
    error_message = "table: 1 to 255 of a-z, 0-9 and _, which is what Athena accepts."
  }
}

variable "prefixes" {
  description = "Prefixes under which data_prefix and error_prefix are, where those are null."
  type        = object({ data = optional(string, "data/"), errors = optional(string, "errors/") })
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for prefix in [var.prefixes.data, var.prefixes.errors] : can(regex("^[a-zA-Z0-9][a-zA-Z0-9_./=-]{0,99}/$", prefix))])
    error_message = "prefixes: data and errors should each begin with a letter or digit and end with \"/\", as data/."
  }
}

variable "data_prefix" {
  description = "Prefix of Parquet objects, or null for <prefixes.data><name>/, where the name is the schema's, else the DynamoDB table's (with via = \"direct\" as it is in Glue). Date partitions follow it."
  type        = string
  default     = null

  validation {
    condition     = var.data_prefix == null || can(regex("^[a-zA-Z0-9][a-zA-Z0-9_./=-]{0,199}/$", var.data_prefix))
    error_message = "data_prefix: letters, digits, _ . = - and /, beginning with a letter or digit and ending with /. Date partitions are added; expressions (!{...}) are not allowed."
  }
}

variable "error_prefix" {
  description = "Prefix of what could not be delivered, or null for <prefixes.errors><name>/. The kind of error and the date follow it."
  type        = string
  default     = null

  validation {
    condition     = var.error_prefix == null || can(regex("^[a-zA-Z0-9][a-zA-Z0-9_./=-]{0,199}/$", var.error_prefix))
    error_message = "error_prefix: letters, digits, _ . = - and /, beginning with a letter or digit and ending with /. The kind of error and the date are added; expressions (!{...}) are not allowed."
  }
}

variable "via" {
  description = "Who writes the objects: \"firehose\" (the module delivery), the function of the module \"direct\", whose folders always have the names of the tables in the lake, or the job of the module glue_job, \"spark\"."
  type        = string
  default     = "firehose"
  nullable    = false

  validation {
    condition     = contains(["firehose", "direct", "spark"], var.via)
    error_message = "via: \"firehose\", \"direct\" or \"spark\"."
  }
}

variable "partition_by" {
  description = "Which time partitions are named by: \"arrival\" (when Firehose, or the direct function's stream, got the change; no extra charge), or \"event_time\" (when it was made; Firehose's dynamic partitioning, charged by GB and object). The writer has to use the same time: the module transform takes this too, direct takes it from target, and Spark always uses the second, by hours. With Firehose it can't be changed later, because Firehose would be replaced."
  type        = string
  default     = "arrival"
  nullable    = false

  validation {
    condition     = contains(["arrival", "event_time"], var.partition_by)
    error_message = "partition_by: \"arrival\" or \"event_time\"."
  }
  validation {
    condition     = var.via != "spark" || (var.partition_by == "event_time" && var.partition_granularity == "hour")
    error_message = "partition_by: with via = \"spark\" objects are by the hours of the changes; set partition_by = \"event_time\" and partition_granularity = \"hour\"."
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

variable "tags" {
  description = "Tags of the database; a Glue table has none."
  type        = map(string)
  default     = {}
  nullable    = false
}
