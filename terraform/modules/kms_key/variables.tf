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

variable "tags" {
  description = "Tags of the key."
  type        = map(string)
  default     = {}
  nullable    = false
}
