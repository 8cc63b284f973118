variable "schema" {
  description = "The schema file's content: jsondecode(file(\"orders.schema.json\")). One file per DynamoDB table; docs/schema.md explains it."
  type        = any
  nullable    = false

  # Only the form is checked here; checks.tf has the rest, because a validation can't refer to a local value that depends
  # on its variable. JSON's first character says of which kind a value is.
  validation {
    condition     = startswith(jsonencode(var.schema), "{")
    error_message = "schema: it should be a JSON object; pass jsondecode(file(...)) of one table's schema file."
  }
  validation {
    condition     = can(var.schema.table) && can(var.schema.keys) && can(var.schema.columns)
    error_message = "schema: \"table\", \"keys\" and \"columns\" are required; add the DynamoDB table's name, its key attributes and a list of columns."
  }
  validation {
    # A misspelt setting would be ignored, and a misspelt "protect" would leak.
    condition     = try(length(setsubtract(keys(var.schema), local.members)) == 0, true)
    error_message = "schema: unknown member(s) ${join(", ", try(setsubtract(keys(var.schema), local.members), []))}; the members are ${join(", ", local.members)}. Correct the spelling, or remove them."
  }
  validation {
    condition = try(alltrue([
      for member in ["table", "name", "binary", "decimal_as", "on_remove"] :
      startswith(jsonencode(var.schema[member]), local.quote) if can(var.schema[member])
    ]), true)
    error_message = "schema: ${join(", ", try([for member in ["table", "name", "binary", "decimal_as", "on_remove"] : member if !try(startswith(jsonencode(var.schema[member]), local.quote), true)], []))} should be a string; write one."
  }
  validation {
    condition     = try(length(var.schema.table) > 0, true)
    error_message = "schema: \"table\" is empty; write the DynamoDB table's name."
  }
  validation {
    condition     = !can(var.schema.keys) || try(startswith(jsonencode(var.schema.keys), "[") && alltrue([for key in var.schema.keys : startswith(jsonencode(key), local.quote)]) && length(var.schema.keys) > 0, false)
    error_message = "schema: \"keys\" should list the names of the table's key attributes, such as [\"orderId\"]."
  }
  validation {
    condition     = !can(var.schema.old_image) || contains(["true", "false"], jsonencode(try(var.schema.old_image, null)))
    error_message = "schema: \"old_image\" should be true or false."
  }
  validation {
    condition     = !can(var.schema.events) || try(startswith(jsonencode(var.schema.events), "[") && alltrue([for event in var.schema.events : startswith(jsonencode(event), local.quote)]), false)
    error_message = "schema: \"events\" should be a list of strings; list some of INSERT, MODIFY, REMOVE and TTL, or remove it."
  }
  validation {
    condition     = !can(var.schema.where) || startswith(jsonencode(try(var.schema.where, null)), "{")
    error_message = "schema: \"where\" should be an object; write attribute names with lists of texts, such as {\"type\": [\"order\"]}."
  }
  validation {
    condition     = !can(var.schema.columns) || startswith(jsonencode(try(var.schema.columns, null)), "[")
    error_message = "schema: \"columns\" should be a list; write a list of columns."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : can(column.name) && can(column.type)]), true)
    error_message = "schema: column(s) ${join(", ", try([for at, column in var.schema.columns : try(jsonencode(column.name), at + 1) if !(can(column.name) && can(column.type))], []))} should be objects with \"name\" and \"type\"; add what is missing. A type is a Hive type, such as string."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : length(setsubtract(keys(column), local.column_members)) == 0]), true)
    error_message = "schema: unknown member in column(s) ${join(", ", try([for column in var.schema.columns : "${jsonencode(column.name)} (${join(", ", setsubtract(keys(column), local.column_members))})" if length(setsubtract(keys(column), local.column_members)) > 0], ["?"]))}; the members are ${join(", ", local.column_members)}. Correct the spelling, or remove it."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : alltrue([for member, value in column : startswith(jsonencode(value), local.quote) if member != "path"])]), true)
    error_message = "schema: column(s) ${join(", ", try([for at, column in var.schema.columns : try(jsonencode(column.name), at + 1) if !alltrue([for member, value in column : startswith(jsonencode(value), local.quote) if member != "path"])], ["?"]))}: each member but \"path\" should be a string; write one."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : try(startswith(jsonencode(column.path), "[") && length(column.path) > 0 && alltrue([for step in column.path : startswith(jsonencode(step), local.quote)]), false) if can(column.path)]), true)
    error_message = "schema: column(s) ${join(", ", try([for at, column in var.schema.columns : try(jsonencode(column.name), at + 1) if can(column.path) && !try(startswith(jsonencode(column.path), "[") && length(column.path) > 0 && alltrue([for step in column.path : startswith(jsonencode(step), local.quote)]), false)], ["?"]))}: \"path\" should list attribute names from the item's root, such as [\"customer\", \"address\", \"city\"]; remove an empty one."
  }
}
