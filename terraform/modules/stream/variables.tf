variable "name" {
  description = "Name of the Kinesis data stream."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.name))
    error_message = "name: a Kinesis stream's name has 1 to 128 of a-z, A-Z, 0-9, _, . and -; shorten it or replace what else is in it."
  }
}

variable "tables" {
  description = "Names of the DynamoDB tables whose changes go into the stream, in the stream's account and region. A table has one Kinesis destination; a stream takes several tables."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.tables) > 0 && alltrue([for table in var.tables : can(regex("^[a-zA-Z0-9_.-]{3,255}$", table))])
    error_message = "tables: name at least one DynamoDB table, by its name (3 to 255 of a-z, A-Z, 0-9, _, . and -), not by its ARN."
  }
}

variable "consumers" {
  description = "What must exist before the first change flows: the ARNs of the Firehose delivery streams that read the stream. Firehose reads from the latest position, so changes made before it is active would be lost."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.consumers) > 0
    error_message = "consumers: name the delivery streams that read the stream, such as [module.delivery.delivery_stream_arn]; without one the first changes would be lost."
  }
  validation {
    # Each calls GetRecords once a second for each shard, and a shard allows five calls a second.
    condition     = length(var.consumers) <= 5
    error_message = "consumers: a shard allows five GetRecords calls a second, one for each delivery stream; put the other tables on another stream."
  }
}

variable "ready" {
  description = "What else must exist before the first change flows, such as [module.notifications.ready]: S3 does not announce an object that came before the notification."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "shard_count" {
  description = "Number of shards (each takes 1 MB/s and 1,000 records/s), or null for on-demand capacity, which follows the traffic by itself."
  type        = number
  default     = null

  validation {
    condition     = var.shard_count == null || try(var.shard_count >= 1 && floor(var.shard_count) == var.shard_count, false)
    error_message = "shard_count: a whole number from 1, or null for on-demand capacity."
  }
}

variable "retention_hours" {
  description = "How long the stream keeps changes, in hours. Firehose, its permissions or S3 may be broken that long, and nothing is lost. 168 (a week) outlasts a long weekend; AWS' default of 24 does not."
  type        = number
  default     = 168
  nullable    = false

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760 && floor(var.retention_hours) == var.retention_hours
    error_message = "retention_hours: a whole number from 24 to 8760 (a year)."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the stream, or null for the AWS-managed one (alias/aws/kinesis)."
  type        = object({ arn = string })
  default     = null
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
