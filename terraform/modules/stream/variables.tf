variable "name" {
  description = "Name of the Kinesis data stream."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.name))
    error_message = "name: a Kinesis stream's name has 1 to 128 of a-z, A-Z, 0-9, _, . and -; shorten it or replace what else is in it."
  }
}

variable "existing" {
  description = "Existing stream to use, or null to make one: its ARN, and how many hours it keeps changes."
  type        = object({ arn = string, retention_hours = optional(number, 24) })
  default     = null

  validation {
    condition     = var.existing == null || can(regex("^arn:[a-z-]+:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[a-zA-Z0-9_.-]+$", var.existing.arn))
    error_message = "existing: arn should be a Kinesis stream's, such as arn:aws:kinesis:eu-central-1:123456789012:stream/orders."
  }
  validation {
    condition     = var.existing == null || try(var.existing.retention_hours >= 24 && var.existing.retention_hours <= 8760 && floor(var.existing.retention_hours) == var.existing.retention_hours, false)
    error_message = "existing: retention_hours should be the stream's own, a whole number from 24 to 8760; aws kinesis describe-stream-summary shows it."
  }
}

variable "shard_count" {
  description = "Number of shards (each takes 1 MB/s and 1,000 records/s), or null for on-demand capacity, which follows the traffic by itself. The README has AWS' formula. Not used with an existing stream."
  type        = number
  default     = null

  validation {
    condition     = var.shard_count == null || try(var.shard_count >= 1 && floor(var.shard_count) == var.shard_count, false)
    error_message = "shard_count: a whole number from 1, or null for on-demand capacity."
  }
}

variable "retention_hours" {
  description = "How long the stream keeps changes, in hours. Firehose, its permissions or S3 may be broken that long, and nothing is lost. 168 (a week) outlasts a long weekend; AWS' default of 24 does not. Not used with an existing stream."
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
