output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "role_arn" {
  description = "ARN of the role, for the storage credential. It is built from text and known before the role exists, so a storage credential can use it and give external_id back in the same apply."
  value       = local.role_arn
}

output "external_location_urls" {
  description = "URLs of the external locations that the role can read, one for each prefix."
  value       = local.urls
}

output "bundle_variables" {
  description = "Variables of the bundle in the folder databricks. Write them as JSON to databricks/.databricks/bundle/<target>/variable-overrides.json. Null without tables."
  value       = length(var.tables) == 0 ? null : local.bundle_variables
}

output "bundle_tables" {
  description = "Tables of the bundle's pipeline, each with its schema file's content. Write them as JSON to databricks/src/tables/<target>.json; the bundle syncs that file. Null without tables."
  value       = length(var.tables) == 0 ? null : local.bundle_tables
}

output "next_steps" {
  description = "The commands to run next in Databricks, with all names filled in: terraform output -raw next_steps."
  value       = var.external_id == null ? local.before_external_id : local.after_external_id
}
