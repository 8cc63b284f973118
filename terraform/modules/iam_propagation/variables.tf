variable "permissions" {
  description = "What was granted: ARNs and policies. Waits again if one of them changes."
  type        = list(string)
  nullable    = false
}

variable "seconds" {
  description = "How long to wait, in seconds."
  type        = number
  nullable    = false

  validation {
    condition     = var.seconds >= 0 && var.seconds <= 300 && floor(var.seconds) == var.seconds
    error_message = "iam_propagation_seconds: a whole number from 0 to 300."
  }
}
