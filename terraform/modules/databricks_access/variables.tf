variable "name" {
  description = "Name of the role, and in Databricks of the storage credential, the external location and the bundle's pipeline."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.name))
    error_message = "name: 1 to 64 of a-z, A-Z, 0-9, _ and -; shorten it or replace what else is in it."
  }
}

variable "bucket" {
  description = "Bucket that Databricks reads."
  type        = object({ name = string, arn = string })
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.bucket.arn))
    error_message = "bucket: arn should be a bucket's, such as arn:aws:s3:::my-bucket, without a key after it."
  }
  validation {
    # https://docs.databricks.com/aws/en/connect/unity-catalog/cloud-storage/s3/s3-external-location-manual
    condition     = !strcontains(var.bucket.name, ".")
    error_message = "bucket: Databricks reads no bucket with a dot in its name (${var.bucket.name}); take another bucket, or give no databricks_access."
  }
}

variable "prefixes" {
  description = "Prefixes that Databricks may list and read; each becomes the URL of an external location. The rest of the bucket stays closed to it. One prefix that holds all tables is best: a queue serves one external location."
  type        = list(string)
  default     = ["data/"]
  nullable    = false

  validation {
    condition     = length(var.prefixes) > 0
    error_message = "prefixes: name at least one, such as data/."
  }
  validation {
    # Above all no wildcards: in a policy "*" and "?" would open more than they seem to.
    condition     = alltrue([for prefix in var.prefixes : can(regex("^([a-zA-Z0-9_.=-]+/)+$", prefix))])
    error_message = "prefixes: each should end with \"/\", not begin with it, and have only a-z, A-Z, 0-9, _, ., = and - between slashes, such as data/orders/."
  }
}

variable "queue_arn" {
  description = "ARN of the queue from which Databricks learns of new files. Databricks deletes what it reads, so the queue is its alone."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+$", var.queue_arn))
    error_message = "queue_arn: should be a queue's ARN, such as arn:aws:sqs:eu-central-1:123456789012:orders, not its URL."
  }
}

variable "tables" {
  description = "Tables of the bundle's pipeline, for bundle_tables: each the module table's output databricks_table, { name, data_prefix, schema }, and history = true if the pipeline should also keep each version of each item. Empty if the bundle isn't used."
  type        = any # not list(object(...)): schemas differ in their members, and a list's elements may not
  default     = []
  nullable    = false

  validation {
    condition     = can([for table in var.tables : [tostring(table.name), tostring(table.data_prefix), table.schema.columns[0].name]])
    error_message = "tables: a list of objects, each with name, data_prefix and schema: the module table's output databricks_table."
  }
  validation {
    condition     = try(alltrue([for table in var.tables : length(setsubtract(keys(table), local.table_members)) == 0]), true)
    error_message = "tables: unknown member(s) ${join(", ", distinct(flatten([for table in var.tables : try(setsubtract(keys(table), local.table_members), [])])))}; a table has ${join(", ", local.table_members)}. Correct the spelling, or remove it."
  }
  validation {
    condition     = try(alltrue([for table in var.tables : contains([true, false], table.history) if can(table.history)]), false)
    error_message = "tables: history should be true or false."
  }
  validation {
    condition     = try(alltrue([for table in var.tables : can(regex("^[a-z0-9_]+$", table.name))]), true)
    error_message = "tables: each name should have only a-z, 0-9 and _: it becomes a table's name in Databricks."
  }
  validation {
    condition     = try(length(distinct([for table in var.tables : table.name])) == length(var.tables), true)
    error_message = "tables: two have the same name; a pipeline can make only one table of a name."
  }
  validation {
    # One external location, one volume on it, and each table's files below it.
    condition     = try(length(var.tables) == 0 || (length(var.prefixes) == 1 && alltrue([for table in var.tables : startswith(table.data_prefix, var.prefixes[0])])), true)
    error_message = "tables: the bundle makes one external location, so prefixes should be one prefix that all data_prefix begin with, as [\"data/\"]."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts the queue, and the bucket unless it has its own, or null without one."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key: arn should be a key's own, such as arn:aws:kms:eu-central-1:123456789012:key/<id>; IAM doesn't know aliases."
  }
}

variable "bucket_kms_key" {
  description = "Customer managed key that encrypts the bucket, if it is another one than the queue's, or null."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.bucket_kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.bucket_kms_key.arn))
    error_message = "bucket_kms_key: arn should be a key's own, such as arn:aws:kms:eu-central-1:123456789012:key/<id>; IAM doesn't know aliases."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds what the role may be given, or null. It has to allow sts:AssumeRole on the role itself, which Databricks asks for."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary))
    error_message = "permissions_boundary: should be a managed policy's ARN, such as arn:aws:iam::123456789012:policy/boundary, or null."
  }
}

variable "role_path" {
  description = "Path of the role, such as /dynalake/."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([a-zA-Z0-9_+=,.@-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path: should begin and end with \"/\", such as /dynalake/, with a-z, A-Z, 0-9 and _+=,.@- between."
  }
}

variable "external_id" {
  description = "External id that Databricks shows once the storage credential exists, or null until then: nobody can assume the role before that. Keep it in a file of variables; an apply without it locks Databricks out again."
  type        = string
  default     = null

  validation {
    # What sts:AssumeRole accepts.
    condition     = var.external_id == null || try(can(regex("^[a-zA-Z0-9_+=,.@:/-]{2,}$", var.external_id)) && length(var.external_id) <= 1224, false)
    error_message = "external_id: should be the value of aws_iam_role.external_id in the storage credential (2 to 1224 of a-z, A-Z, 0-9 and _+=,.@:/-), or null until Databricks shows it."
  }
  validation {
    condition     = var.external_id == null || can(regex("[^0]", var.external_id))
    error_message = "external_id: \"0000\" is a placeholder that anybody can guess; leave it null until Databricks shows the real one."
  }
}

variable "unity_catalog_role_arn" {
  description = "Databricks' own role that assumes this one: the value of aws_iam_role.unity_catalog_iam_arn in the storage credential. The default is that of the commercial AWS regions; GovCloud has others."
  type        = string
  default     = "arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL"
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@/-]+$", var.unity_catalog_role_arn))
    error_message = "unity_catalog_role_arn: should be one role's ARN, such as arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL, not an account or a wildcard."
  }
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
  nullable    = false
}
