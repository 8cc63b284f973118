variable "name" {
  description = "Name of the stream, and the start of the names of the tables' pipelines."
  type        = string
  default     = "dynalake-shop"
}

variable "schema_files" {
  description = "Path of each table's schema file, by the table's key, or null for the repository's two examples."
  type        = map(string)
  default     = null
}

variable "shared_stream" {
  description = "Whether the tables have one stream together: cheaper at rest, but Firehose is charged for reading all of it once for each table."
  type        = bool
  default     = true
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

variable "package_file" {
  description = "Path of the function's zip, or null for the one that `python3 package.py` builds."
  type        = string
  default     = null
}

variable "databricks_external_id" {
  description = "External ID that Databricks showed when the storage credential was created, or null before that."
  type        = string
  default     = null
}

variable "iam_propagation_seconds" {
  description = "How long to wait between granting Firehose's permissions and creating it, in seconds."
  type        = number
  default     = 20
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the tables and the bucket with all data in them."
  type        = bool
  default     = false
}
