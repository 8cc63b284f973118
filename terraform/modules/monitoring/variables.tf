variable "name" {
  description = "Begins every alarm's name, as in orders-firehose-freshness, and names the dashboard."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,100}$", var.name))
    error_message = "name: a dashboard's name has a-z, A-Z, 0-9, _ and - only, here 100 at most; shorten it or replace what else is in it."
  }
}

variable "parts" {
  description = "What is watched here: the \"table\" with its function and its delivery stream (and the dashboard), the \"stream\", the \"queues\" with what lands in the error prefix. All three for one table. With several tables, what they share is watched by a call of its own."
  type        = set(string)
  default     = ["table", "stream", "queues"]
  nullable    = false

  validation {
    condition     = length(var.parts) > 0 && length(setsubtract(var.parts, ["table", "stream", "queues"])) == 0
    error_message = "parts: one or more of \"table\", \"stream\" and \"queues\"."
  }
}

variable "via" {
  description = "How the changes get into the lake: \"firehose\", \"direct\", by one function, or \"spark\", by a job."
  type        = string
  default     = "firehose"
  nullable    = false

  validation {
    condition     = contains(["firehose", "direct", "spark"], var.via)
    error_message = "via: \"firehose\", \"direct\" or \"spark\"."
  }
}

variable "mapping_uuid" {
  description = "UUID of the direct function's event source mapping; null by Firehose, and without the part table."
  type        = string
  default     = null

  validation {
    # It may not be known yet, but whether it is null is.
    condition     = (var.mapping_uuid != null) == (var.via == "direct" && contains(var.parts, "table"))
    error_message = "mapping_uuid: with via = \"direct\" the mapping's UUID, which its metrics go by (the module direct's output); otherwise null."
  }
}

variable "batching_window_seconds" {
  description = "By the direct way: how long its mapping gathers changes, in seconds (the module direct's output). Alarms look back as long."
  type        = number
  default     = null

  validation {
    condition     = var.batching_window_seconds == null || (var.via == "direct" && try(var.batching_window_seconds >= 0 && var.batching_window_seconds <= 300, false))
    error_message = "batching_window_seconds: with via = \"direct\" the mapping's own, from 0 to 300; otherwise null."
  }
}

variable "maximum_record_age_seconds" {
  description = "By the direct way: age at which Lambda gives a record up, in seconds (the module direct's output); null for two hours less than the stream keeps it, a week at most."
  type        = number
  default     = null

  validation {
    condition     = var.maximum_record_age_seconds == null || (var.via == "direct" && try(var.maximum_record_age_seconds >= 60 && var.maximum_record_age_seconds <= 604800, false))
    error_message = "maximum_record_age_seconds: with via = \"direct\" the mapping's own, from 60 to 604800; otherwise null."
  }
}

variable "job" {
  description = "By Spark: the job's `name`, `log_group` with what the script prints, and `failed_runs_rule`, the name of the rule that counts runs that failed (outputs of the module glue_job); null by the other ways, and without the part table."
  type        = object({ name = string, log_group = string, failed_runs_rule = string })
  default     = null

  validation {
    condition     = (var.job != null) == (var.via == "spark" && contains(var.parts, "table"))
    error_message = "job: with via = \"spark\" the job's name, log group and rule, by which its metrics go (the module glue_job's outputs); otherwise null."
  }
}

variable "stream_name" {
  description = "Name of the Kinesis data stream; null without the parts table and stream, and if the direct function reads the table's own stream."
  type        = string
  default     = null

  validation {
    condition     = var.stream_name == null ? !(contains(var.parts, "table") && var.via != "direct") && !contains(var.parts, "stream") : try(can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.stream_name)), false)
    error_message = "stream_name: the stream's name (a-z, A-Z, 0-9, _, . and -), not its ARN: metrics go by name. Only without the parts table and stream, or by the direct way from the table's own stream, it may be null."
  }
}

variable "retention_hours" {
  description = "How long the Kinesis stream keeps changes, in hours: the alarms firehose-behind and spark-behind are a share of it; null without the part table, and without such a stream."
  type        = number
  default     = null

  validation {
    condition     = var.retention_hours == null ? !contains(var.parts, "table") || var.stream_name == null : try(var.retention_hours >= 24 && var.retention_hours <= 8760, false)
    error_message = "retention_hours: the stream's own retention, from 24 to 8760."
  }
}

variable "tables" {
  description = "Names of the DynamoDB tables whose changes go into the stream. Each gets four alarms."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = (length(var.tables) > 0 || !contains(var.parts, "table")) && length(distinct(var.tables)) == length(var.tables) && alltrue([for table in var.tables : can(regex("^[a-zA-Z0-9_.-]{3,255}$", table))])
    error_message = "tables: name at least one DynamoDB table, each once, by its name (3 to 255 of a-z, A-Z, 0-9, _, . and -), not by its ARN."
  }
  validation {
    # An alarm's name has 255 characters; "-replication-throttled-" takes 23.
    condition     = alltrue([for table in var.tables : length(var.name) + length(table) <= 232])
    error_message = "tables: with name before it, an alarm's name would pass CloudWatch's 255 characters; shorten name."
  }
}

variable "shared_stream" {
  description = "Whether the stream may also have changes of tables that are not in `tables`. The alarms replication-stopped then count rows, because records of the others come into the function too, and go off where the schema's where and events want none for half an hour. With several tables it is so anyway."
  type        = bool
  default     = false
  nullable    = false
}

variable "delivery_stream_name" {
  description = "Name of the Firehose delivery stream; null without the part table, and by the other ways."
  type        = string
  default     = null

  validation {
    condition     = var.delivery_stream_name == null ? !contains(var.parts, "table") || var.via != "firehose" : try(can(regex("^[a-zA-Z0-9_.-]{1,64}$", var.delivery_stream_name)), false)
    error_message = "delivery_stream_name: the delivery stream's name (1 to 64 of a-z, A-Z, 0-9, _, . and -), not its ARN: metrics go by name."
  }
}

variable "dynamic_partitioning" {
  description = "Whether the delivery stream partitions by event time (Firehose's dynamic partitioning), which then has a limit of its own to watch."
  type        = bool
  default     = false
  nullable    = false
}

variable "function_name" {
  description = "Name of the Lambda function that makes the rows; null without the part table, and by Spark."
  type        = string
  default     = null

  validation {
    condition     = var.function_name == null ? !contains(var.parts, "table") || var.via == "spark" : try(can(regex("^[a-zA-Z0-9_-]{1,64}$", var.function_name)), false)
    error_message = "function_name: the function's name (1 to 64 of a-z, A-Z, 0-9, _ and -), without version and not its ARN: metrics go by name."
  }
}

variable "function_timeout_seconds" {
  description = "The function's timeout in seconds: the alarm function-duration is a share of it; null without the part table, and by Spark."
  type        = number
  default     = null

  validation {
    condition     = var.function_timeout_seconds == null ? !contains(var.parts, "table") || var.via == "spark" : try(var.function_timeout_seconds >= 1 && var.function_timeout_seconds <= 900, false)
    error_message = "function_timeout_seconds: the function's own timeout, from 1 to 900."
  }
}

variable "function_memory_mb" {
  description = "The function's memory in MB, with which the dashboard shows GB-seconds, what Lambda bills; or null, to show seconds."
  type        = number
  default     = null

  validation {
    condition     = var.function_memory_mb == null || try(var.function_memory_mb >= 128 && var.function_memory_mb <= 10240, false)
    error_message = "function_memory_mb: the function's own memory, from 128 to 10240, or null."
  }
}

variable "queues" {
  description = "Names of the queue that notifies Databricks of new files and of its dead-letter queue, or null without notifications. read = false while nobody reads the queue: then there is no alarm queue-age."
  type        = object({ queue_name = string, dead_letter_queue_name = string, read = optional(bool, true) })
  default     = null

  validation {
    condition     = var.queues == null || try(can(regex("^[a-zA-Z0-9_-]{1,80}$", var.queues.queue_name)) && can(regex("^[a-zA-Z0-9_-]{1,80}$", var.queues.dead_letter_queue_name)), false)
    error_message = "queues: both queues' names (1 to 80 of a-z, A-Z, 0-9, _ and -; S3 takes no FIFO queue), not URLs or ARNs; or null."
  }
}

variable "error_queue_name" {
  description = "Name of the queue that counts the objects of the error prefix (the module notifications' error_queue_name), or null without it, and then without the alarm error-objects."
  type        = string
  default     = null

  validation {
    condition     = var.error_queue_name == null || can(regex("^[a-zA-Z0-9_-]{1,80}$", var.error_queue_name))
    error_message = "error_queue_name: the queue's name (1 to 80 of a-z, A-Z, 0-9, _ and -), not its URL or ARN: metrics go by name."
  }
}

variable "shard_count" {
  description = "Number of the stream's shards, for the alarm stream-capacity, or null for on-demand capacity."
  type        = number
  default     = null

  validation {
    condition     = var.shard_count == null || try(var.shard_count >= 1 && floor(var.shard_count) == var.shard_count, false)
    error_message = "shard_count: the stream's own, a whole number from 1, or null."
  }
}

variable "more_alarms" {
  description = "ARNs of alarms that the dashboard shows too: those of what several tables share."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "thresholds" {
  description = <<-TEXT
    The value above which an alarm goes off; each has a default. Alarms on what is always wrong (a failed write, a dead letter) have none.
    `replication_age_seconds` (300): DynamoDB's oldest change not yet in the stream; milliseconds are normal.
    `stream_age_seconds` (600): age of the records that any consumer of the stream reads.
    `retention_percent` (25): how far Firehose, or the Spark job, may be behind, in percent of the stream's retention.
    `capacity_percent` (80): what goes into the stream, in percent of what its shards take.
    `freshness_seconds` (300): age of the oldest record in Firehose; one and a half times its buffering interval (60 seconds) is normal. Keep it above three times a longer interval. By the direct way, age of the changes that the function reads; its window is normal. By Spark, age of those that the job reads; its trigger_seconds are normal.
    `behind_seconds` (7200): by the direct way, age of the changes at which it is getting late: a table's own stream keeps them for 24 hours.
    `function_duration_percent` (80): longest invocation, in percent of the function's timeout.
    `records_failed` (0): records that couldn't become rows, in five minutes.
    `store_retries` (100): by the direct way, PUTs to S3 that failed, in five minutes (or the function's timeout, if that is longer).
    `rows_rescued` (0): rows with a `_rescued` value, in an hour. Raise it if attributes without a column are normal.
    `queue_age_seconds` (3600): oldest notification, where somebody reads the queue.
    `expect_traffic_minutes` (null): minutes without a single row after which something must be wrong; null if the table may be idle.
  TEXT
  # Not an object: Terraform drops a member that an object's type doesn't have, and a misspelt name would go unseen.
  type     = map(number)
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.thresholds), keys(local.thresholds))) == 0
    error_message = "thresholds: unknown name(s) ${join(", ", setsubtract(keys(var.thresholds), keys(local.thresholds)))}; allowed are ${join(", ", keys(local.thresholds))}."
  }
  validation {
    condition = alltrue([
      for name, value in var.thresholds : value >= local.thresholds[name].least && value <= local.thresholds[name].most
      if value != null && can(local.thresholds[name])
    ])
    error_message = join(" ", [
      for name, value in var.thresholds : "thresholds.${name}: from ${local.thresholds[name].least} to ${local.thresholds[name].most}; ${local.thresholds[name].reason}."
      if value != null && can(local.thresholds[name]) && !try(value >= local.thresholds[name].least && value <= local.thresholds[name].most, false)
    ])
  }
  validation {
    condition     = try(var.thresholds.stream_age_seconds, null) == null || try(var.thresholds.stream_age_seconds < coalesce(var.retention_hours, 8760) * 3600, false)
    error_message = "thresholds.stream_age_seconds: less than the stream's retention (retention_hours), past which records are gone."
  }
  validation {
    condition     = try(floor(var.thresholds.expect_traffic_minutes) == var.thresholds.expect_traffic_minutes, true)
    error_message = "thresholds.expect_traffic_minutes: a whole number of minutes, or null."
  }
}

variable "alarm_actions" {
  description = "ARNs of the SNS topics that are notified when data is lost or late, and when that is over. With an empty list only CloudWatch shows these alarms."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.alarm_actions) <= 5 && alltrue([for action in var.alarm_actions : can(regex("^arn:[a-z-]+:sns:", action))])
    error_message = "alarm_actions: up to five ARNs of SNS topics, such as arn:aws:sns:eu-central-1:123456789012:on-call. An encrypted topic's key must allow cloudwatch.amazonaws.com."
  }
}

variable "ticket_actions" {
  description = "ARNs of the SNS topics that are notified of what can wait until the morning (severity look): throttling that heals, rescued values, capacity. With an empty list only CloudWatch shows these alarms."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.ticket_actions) <= 5 && alltrue([for action in var.ticket_actions : can(regex("^arn:[a-z-]+:sns:", action))])
    error_message = "ticket_actions: up to five ARNs of SNS topics, such as arn:aws:sns:eu-central-1:123456789012:tickets. An encrypted topic's key must allow cloudwatch.amazonaws.com."
  }
}

variable "tags" {
  description = "Tags of all resources that support tags; a dashboard does not."
  type        = map(string)
  default     = {}
  nullable    = false
}
