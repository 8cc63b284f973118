variable "name" {
  description = "Name of the pipeline."
  type        = string
  default     = "dynalake-orders"
}

variable "schema_file" {
  description = "Path of the table's schema file, or null for the repository's example."
  type        = string
  default     = null
}

variable "program_file" {
  description = "Path of the program `dynalake` for x86_64, or null for the one that `python3 package.py --function dynalake` builds."
  type        = string
  default     = null
}

variable "script_file" {
  description = "Path of a script of your own, or null for spark/dynalake_job.py."
  type        = string
  default     = null
}

variable "trigger_seconds" {
  description = "How often the job writes what came, in seconds."
  type        = number
  default     = 60
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
  description = "How long to wait between granting the job's permissions and making it, in seconds."
  type        = number
  default     = 20
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the table and the bucket with all data in them."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = { project = "dynalake" }
}
