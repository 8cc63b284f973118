variable "name" {
  description = "Start of the bucket's name; account and region follow."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9]", var.name))
    error_message = "name: should begin with a letter or digit, which S3 requires."
  }
}

variable "bucket_name" {
  description = "Name of the bucket to make, or null for <name>-<account>-<region>."
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

variable "noncurrent_version_days" {
  description = "How long the bucket keeps objects that were deleted or overwritten, in days: the time to undo a mistake."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days: a whole number from 1."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the objects, or null for S3's own."
  type        = object({ arn = string })
  default     = null
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
