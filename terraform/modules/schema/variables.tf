variable "schema" {
  description = "The schema file's content: jsondecode(file(\"orders.schema.json\")). One file per DynamoDB table; docs/schema.md explains it."
  type        = any
  nullable    = false

  validation {
    condition     = can(length(keys(var.schema))) && can(tostring(var.schema.table)) && can(var.schema.keys[0]) && can(var.schema.columns[0].name)
    error_message = "schema: \"table\", \"keys\" and \"columns\" are required, each not empty; pass jsondecode(file(...)) of the schema file."
  }
  validation {
    # A misspelt setting would be ignored, and a misspelt "protect" would leak.
    condition = try(length(setsubtract(keys(var.schema), [
      "table", "keys", "columns", "old_image", "binary", "decimal_as"
    ])) == 0, true)
    error_message = "schema: unknown member(s) ${join(", ", try(setsubtract(keys(var.schema), ["table", "keys", "columns", "old_image", "binary", "decimal_as"]), []))}; allowed are table, keys, columns, old_image, binary, decimal_as. Correct the spelling, or remove them."
  }
  validation {
    condition     = try(can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.schema.table)), true)
    error_message = "schema: \"table\" should be the DynamoDB table's name, 3 to 255 of a-z, A-Z, 0-9, _, . and -."
  }
  validation {
    condition     = try(alltrue([for key in var.schema.keys : length(key) > 0]), false)
    error_message = "schema: \"keys\" should list the names of the table's key attributes, as [\"orderId\"]."
  }
  validation {
    condition     = try(contains([true, false], var.schema.old_image), !can(var.schema.old_image))
    error_message = "schema: \"old_image\" should be true or false."
  }
  validation {
    condition     = try(contains(["single", "double"], var.schema.binary), !can(var.schema.binary))
    error_message = "schema: \"binary\" should be \"single\" or \"double\", or left out."
  }
  validation {
    condition     = try(contains(["string", "number"], var.schema.decimal_as), !can(var.schema.decimal_as))
    error_message = "schema: \"decimal_as\" should be \"string\" or \"number\", or left out."
  }
  validation {
    condition = try(alltrue([
      for column in var.schema.columns :
      length(setsubtract(keys(column), ["name", "type", "path", "comment", "protect", "unit"])) == 0
    ]), false)
    error_message = "schema: unknown member in column(s) ${join(", ", try([for column in var.schema.columns : column.name if length(setsubtract(keys(column), ["name", "type", "path", "comment", "protect", "unit"])) > 0], ["?"]))}; a column has name, type, path, comment, protect and unit. Correct the spelling, or remove it."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : can(regex("^[a-z_][a-z0-9_]*$", column.name))]), false)
    error_message = "schema: each column's \"name\" should match [a-z_][a-z0-9_]*: lower case, digits and _, no digit first; \"path\" names an attribute with another spelling."
  }
  validation {
    condition     = try(length(distinct([for column in var.schema.columns : column.name])) == length(var.schema.columns), true)
    error_message = "schema: two columns have the same name; rename or remove one."
  }
  validation {
    condition     = try(length(distinct([for column in var.schema.columns : column.path if can(column.path)])) == length([for column in var.schema.columns : 1 if can(column.path)]), true)
    error_message = "schema: two columns have the same path; remove one."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : length(column.path) > 0 && alltrue([for step in column.path : length(step) > 0]) if can(column.path)]), false)
    error_message = "schema: a column's \"path\" should list attribute names from the item's root, as [\"customer\", \"address\", \"city\"]; remove an empty one."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : !contains(jsondecode(file("${path.module}/../../metadata_columns.json")).*.name, column.name)]), true)
    error_message = "schema: a column has the name of a metadata column (${join(", ", jsondecode(file("${path.module}/../../metadata_columns.json")).*.name)}); rename it."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : !contains(["_rescued_data", "_metadata", "__start_at", "__end_at"], column.name)]), true)
    error_message = "schema: the lakehouse keeps the names _rescued_data, _metadata, __start_at and __end_at for itself; rename the column, and bind the attribute by \"path\"."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : contains(["sha256", "drop"], column.protect) if can(column.protect)]), false)
    error_message = "schema: a column's \"protect\" should be \"sha256\" or \"drop\"; correct it, or remove it."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : lower(trimspace(column.type)) == "string" if try(column.protect == "sha256", false)]), true)
    error_message = "schema: \"protect\": \"sha256\" makes a text, so the column's type has to be string."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : contains(["s", "ms", "us", "ns"], column.unit) && lower(trimspace(column.type)) == "timestamp" if can(column.unit)]), false)
    error_message = "schema: a column's \"unit\" should be s, ms, us or ns, and goes with the type timestamp only."
  }
  validation {
    condition     = try(alltrue([for column in var.schema.columns : length(column.comment) <= 255 if can(column.comment)]), false)
    error_message = "schema: a column's \"comment\" may have 255 characters, which is Glue's limit; shorten it."
  }
  validation {
    # Every word of a type except names of struct members. The function itself checks how types nest: see modules/transform.
    condition = try(alltrue(flatten([
      for column in var.schema.columns : [
        for word in regexall("([A-Za-z0-9_.$-]+)\\s*(?:[<>(),]|$)", column.type) :
        contains(["string", "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "date", "timestamp", "array", "map", "struct"], lower(word[0])) || can(regex("^[0-9]+$", word[0]))
      ]
    ])), false)
    error_message = "schema: a column's \"type\" should be made of string, boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), date, timestamp, array<T>, map<string,T>, struct<name:T,...>. Firehose can't convert binary, set, char and varchar; write string or array."
  }
  validation {
    condition = try(alltrue([
      for column in var.schema.columns :
      length(trimspace(column.type)) > 0 && length(regexall("<", column.type)) == length(regexall(">", column.type)) && length(regexall("\\(", column.type)) == length(regexall("\\)", column.type))
    ]), false)
    error_message = "schema: a column's \"type\" is empty or its brackets don't match."
  }
  validation {
    condition     = try(alltrue([for decimal in flatten([for column in var.schema.columns : regexall("(?i)decimal\\s*\\(\\s*(\\d+)\\s*,\\s*(\\d+)\\s*\\)", column.type)]) : true]) && alltrue([for decimal in flatten([for column in var.schema.columns : [for found in regexall("(?i)decimal\\s*\\(\\s*(\\d+)\\s*,\\s*(\\d+)\\s*\\)", column.type) : { p = tonumber(found[0]), s = tonumber(found[1]) }]]) : decimal.p >= 1 && decimal.p <= 38 && decimal.s <= decimal.p]), true)
    error_message = "schema: decimal(p,s) should have a precision of 1 to 38, and a scale of at most that."
  }
}
