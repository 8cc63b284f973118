variable "name" {
  description = "Name of the key's alias, without \"alias/\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_-]{1,250}$", var.name)) && !startswith(var.name, "aws/") && !startswith(var.name, "alias/")
    error_message = "name: 1 to 250 of a-z, A-Z, 0-9, /, _ and -, without \"alias/\" or AWS' own \"aws/\" before it."
  }
}

variable "deletion_window_days" {
  description = "How long a deleted key can still be brought back, in days. 30 is AWS' maximum. If the key is lost, so is everything that it encrypted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30 && floor(var.deletion_window_days) == var.deletion_window_days
    error_message = "deletion_window_days: a whole number from 7 to 30."
  }
}

variable "bucket_accounts" {
  description = "Other accounts whose buckets send events to a topic that the key encrypts: the root module's bucket.account_id. Without it S3 drops these events silently."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.bucket_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "bucket_accounts: each should be an account's number, twelve digits."
  }
}

variable "tags" {
  description = "Tags of the key."
  type        = map(string)
  default     = {}
  nullable    = false
}
