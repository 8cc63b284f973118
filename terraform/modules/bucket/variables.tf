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

variable "prefixes" {
  description = "Prefixes that data_days and error_days are about."
  type        = object({ data = optional(string, "data/"), errors = optional(string, "errors/") })
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for prefix in [var.prefixes.data, var.prefixes.errors] : can(regex("^[a-zA-Z0-9][a-zA-Z0-9_./=-]*/$", prefix))])
    error_message = "prefixes: data and errors should each begin with a letter or digit and end with \"/\", as data/."
  }
  validation {
    condition     = !startswith(var.prefixes.data, var.prefixes.errors) && !startswith(var.prefixes.errors, var.prefixes.data)
    error_message = "prefixes: data (${var.prefixes.data}) and errors (${var.prefixes.errors}) are one inside the other, so one's expiry would take the other's objects. Set two separate prefixes."
  }
}

variable "data_days" {
  description = "After how many days Parquet objects expire, or null to keep them for good. Deletes and older versions of items are nowhere else."
  type        = number
  default     = null

  validation {
    condition     = var.data_days == null || try(var.data_days >= 1 && floor(var.data_days) == var.data_days, false)
    error_message = "data_days: a whole number from 1, or null to keep the data for good."
  }
}

variable "error_days" {
  description = "After how many days what could not be delivered expires, or null to keep it for good. It holds original records with all their values, also those of protected attributes."
  type        = number
  default     = null

  validation {
    condition     = var.error_days == null || try(var.error_days >= 1 && floor(var.error_days) == var.error_days, false)
    error_message = "error_days: a whole number from 1, or null to keep errors for good."
  }
}

variable "additional_policy_statements" {
  description = "More statements of the bucket's policy, as objects with Sid, Effect, Principal and Action, for example for readers in other accounts. A statement without Resource gets the bucket and its objects."
  type        = any
  default     = []
  nullable    = false

  validation {
    condition = can([for statement in var.additional_policy_statements : [statement.Sid, statement.Effect, statement.Principal, statement.Action]]) && try(
      length(distinct(concat([for statement in var.additional_policy_statements : statement.Sid], ["TlsOnly"]))) == length(var.additional_policy_statements) + 1,
      false,
    )
    error_message = "additional_policy_statements: a list of objects, each with Effect, Principal, Action and a Sid of its own (not TlsOnly, which is the module's)."
  }
  validation {
    # A Deny may be as wide as it likes.
    condition     = try(alltrue([for statement in var.additional_policy_statements : statement.Effect == "Deny" || alltrue([for action in flatten([statement.Action]) : !strcontains(action, "*")])]), false)
    error_message = "additional_policy_statements: name each action that is allowed, such as s3:GetObject, instead of a wildcard."
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
