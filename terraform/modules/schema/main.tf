locals {
  # Glue has no place for `of_change`.
  metadata_columns = [
    for column in jsondecode(file("${path.module}/../../metadata_columns.json")) : {
      name    = column.name
      type    = column.type
      comment = column.comment
    }
  ]

  # Names that a key is found by, or that a message proposes. The same rules as in src/schema/names.rs; a test holds the
  # contract's examples against both.
  normalised = {
    for name in distinct(concat([""], var.schema.keys, var.schema.columns[*].name, flatten([for names in local.wrong_members : tolist(names)]), [try(var.schema.name, "")])) :
    name => replace(replace(replace(lower(replace(replace(replace(
      name,
      "/[^A-Za-z0-9_]/", "_"),
      "/([a-z0-9])([A-Z])/", "$${1}_$${2}"),
      "/([A-Z]+)([A-Z][a-z])/", "$${1}_$${2}")),
      "/_+/", "_"),
      "/^([0-9])/", "_$${1}"),
    "/^$/", "_")
  }

  # The column that a key attribute fills: the one with its path, else the one with its name, else the one with its
  # normalised name.
  key_columns = [
    for key in var.schema.keys : try(concat(
      [for column in var.schema.columns : column.name if try(column.path == [key], false)],
      [for column in var.schema.columns : column.name if !can(column.path) && column.name == key],
      [for column in var.schema.columns : column.name if !can(column.path) && column.name == local.normalised[key]],
    )[0], null)
  ]

  lake_name = try(tostring(var.schema.name), replace(replace(lower(var.schema.table), "/[^a-z0-9_]/", "_"), "/^([0-9])/", "_$${1}"))

  # A dropped attribute never leaves the Lambda, so the table has no column for it.
  declared_columns = [
    for at, column in var.schema.columns : {
      name    = column.name
      type    = local.glue_types[at]
      comment = try(column.comment, null)
    } if try(column.protect, null) != "drop"
  ]
}
