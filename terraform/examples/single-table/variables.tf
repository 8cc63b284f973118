variable "name" {
  description = "Name of the pipeline."
  type        = string
  default     = "dynalake-single"
}

variable "package_file" {
  description = "Path of the function's zip, or null for the one that `python3 package.py` builds."
  type        = string
  default     = null
}

variable "batching_window_seconds" {
  description = "How long changes of a shard are gathered before they are written, in seconds."
  type        = number
  default     = 5
}

variable "databricks_external_id" {
  description = "External ID that Databricks showed when the storage credential was created, or null before that."
  type        = string
  default     = null
}

variable "alarm_actions" {
  description = "ARNs of the SNS topics that are notified when data is lost or late."
  type        = list(string)
  default     = []
}

variable "ticket_actions" {
  description = "ARNs of the SNS topics that are notified of what can wait until the morning."
  type        = list(string)
  default     = []
}

variable "iam_propagation_seconds" {
  description = "How long to wait between granting the function's permissions and using them, in seconds."
  type        = number
  default     = 20
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the table and the buckets with all data in them."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = { project = "dynalake" }
}
