output "table" {
  description = "Name of the DynamoDB table."
  value       = var.schema.table
}

output "table_name_in_glue" {
  description = "The table's name in the lake: the schema's \"name\", else the DynamoDB table's in lower case, with _ for every character other than a-z, 0-9 and _, and before a leading digit."
  value       = local.lake_name
}

output "folder" {
  description = "Folder of the table's objects below data/ and errors/: the schema's \"name\", else the DynamoDB table's name as it is."
  value       = try(var.schema.name, var.schema.table)
}

output "columns" {
  description = "Columns of the Glue table in their order: those declared, then the metadata columns. List of { name, type, comment }."
  value       = concat(local.declared_columns, local.metadata_columns)

  precondition {
    condition     = length(local.problems) == 0
    error_message = "schema: ${join("\nschema: ", local.problems)}."
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
