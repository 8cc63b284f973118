variable "name" {
  description = "Name of the policy."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_+=,.@-]{1,128}$", var.name))
    error_message = "name: 1 to 128 of a-z, A-Z, 0-9 and _+=,.@-; shorten it or replace what else is in it."
  }
}

variable "exports" {
  description = "Where exports are: `bucket`, its name; `prefix`, the S3 prefix that the export was started with, or \"\"; `kms_key`, the customer managed key that encrypts the bucket, if there is one."
  type = object({
    bucket  = string
    prefix  = optional(string, "")
    kms_key = optional(object({ arn = string }))
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.exports.bucket))
    error_message = "exports: bucket should be a bucket's name, such as my-exports, without s3:// and not an ARN."
  }
  validation {
    # Above all no wildcards: in a policy "*" and "?" would open more than they seem to.
    condition     = var.exports.prefix == "" || can(regex("^[a-zA-Z0-9_.=-]+(/[a-zA-Z0-9_.=-]+)*$", var.exports.prefix))
    error_message = "exports: prefix should be as it was given to the export, such as exports/orders, without a / at either end, and have only a-z, A-Z, 0-9, _, ., = and - between slashes."
  }
}

variable "table_names" {
  description = "Names of the DynamoDB tables that may be exported, of this account and region."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.table_names) > 0 && alltrue([for table in var.table_names : can(regex("^[a-zA-Z0-9_.-]{3,255}$", table))])
    error_message = "table_names: name at least one DynamoDB table (3 to 255 of a-z, A-Z, 0-9, _, . and -), not an ARN."
  }
}

variable "bucket" {
  description = "The lake's bucket, with its customer managed key, if there is one."
  type        = object({ name = string, arn = string, kms_key = optional(object({ arn = string })) })
  nullable    = false
}

variable "data_prefixes" {
  description = "Prefixes under which rows are written, such as data/orders/."
  type        = list(string)
  nullable    = false
}

variable "error_prefixes" {
  description = "Prefixes from which failed records are read, such as errors/orders/."
  type        = list(string)
  nullable    = false
}

variable "on_failure_bucket" {
  description = "Bucket of the batches that the direct way gives up, with its customer managed key, if there is one; or null."
  type        = object({ name = string, arn = string, kms_key = optional(object({ arn = string })) })
  default     = null
}

variable "path" {
  description = "Path of the policy, such as /dynalake/."
  type        = string
  default     = "/"
  nullable    = false
}

variable "tags" {
  description = "Tags of the policy."
  type        = map(string)
  default     = {}
  nullable    = false
}
