output "table" {
  description = "Name of the DynamoDB table."
  value       = var.schema.table
}

output "table_name_in_glue" {
  description = "The table's name as Glue allows it: lower case, with _ for every character other than a-z, 0-9 and _."
  value       = replace(lower(var.schema.table), "/[^a-z0-9_]/", "_")
}

output "columns" {
  description = "Columns of the Glue table in their order: those declared, then the metadata columns. List of { name, type, comment }."
  value       = concat(local.declared_columns, local.metadata_columns)

  precondition {
    condition     = alltrue([for name in local.key_columns : name != null])
    error_message = "schema: key(s) ${join(", ", [for at, key in var.schema.keys : key if local.key_columns[at] == null])} have no column; add one named ${join(", ", [for at, key in var.schema.keys : local.key_names[key] if local.key_columns[at] == null])}, or one whose path is the key."
  }
  precondition {
    condition     = length(distinct(local.key_columns)) == length(local.key_columns)
    error_message = "schema: two keys fill one column; give each a column with a path."
  }
  precondition {
    condition     = length([for column in var.schema.columns : 1 if try(column.protect == "drop", false) && contains([for name in local.key_columns : name if name != null], column.name)]) == 0
    error_message = "schema: \"protect\": \"drop\" on a key would leave rows without it; use \"sha256\", or remove it."
  }
}

output "key_columns" {
  description = "Columns that hold the table's key, in the order of \"keys\"."
  value       = local.key_columns
}

output "setting" {
  description = "The schema in the form that the function takes in DYNALAKE_SCHEMA: base64 of gzip of JSON, because all environment variables of a function share 4 KB."
  value       = base64gzip(jsonencode(var.schema))
}
