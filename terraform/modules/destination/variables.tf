variable "stream_arn" {
  description = "ARN of the Kinesis data stream."
  type        = string
  nullable    = false
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
  description = "What must exist before the first change flows: the ARNs of what reads the stream, Firehose delivery streams, the direct way's mapping or a Spark job. Firehose reads from the latest position, so changes made before it is active would be lost."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.consumers) > 0
    error_message = "consumers: name what reads the stream, such as [module.delivery.delivery_stream_arn], [module.direct.mapping_arn] or [module.glue_job.job_arn]; without one the first changes would be lost."
  }
  validation {
    # Each calls GetRecords about once a second for each shard, and a shard allows five calls a second.
    condition     = length(var.consumers) <= 5
    error_message = "consumers: a shard allows five GetRecords calls a second, one for each delivery stream, mapping or job; put the other tables on another stream."
  }
}

variable "ready" {
  description = "What else must exist before the first change flows, such as [module.notifications.ready]: S3 does not announce an object that came before the notification."
  type        = list(string)
  default     = []
  nullable    = false
}
