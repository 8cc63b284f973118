locals {
  # Glue has no place for `of_change`.
  metadata_columns = [
    for column in jsondecode(file("${path.module}/../../metadata_columns.json")) : {
      name    = column.name
      type    = column.type
      comment = column.comment
    }
  ]

  # The same rules as in src/schema/names.rs; a test holds the contract's examples against both.
  key_names = {
    for key in var.schema.keys : key => replace(replace(replace(lower(replace(replace(replace(
      key,
      "/[^A-Za-z0-9_]/", "_"),
      "/([a-z0-9])([A-Z])/", "$${1}_$${2}"),
      "/([A-Z]+)([A-Z][a-z])/", "$${1}_$${2}")),
      "/_+/", "_"),
      "/^([0-9])/", "_$${1}"),
    "/^$/", "_")
  }
  key_columns = [
    for key in var.schema.keys : one(concat(
      [for column in var.schema.columns : column.name if try(column.path == [key], false)],
      [
        for column in var.schema.columns : column.name if !can(column.path) && column.name == local.key_names[key]
        && length([for other in var.schema.columns : 1 if try(other.path == [key], false)]) == 0
      ],
    ))
  ]

  # Types as Glue spells them: no blanks, lower case except the names of struct members, decimal with its default.
  tokens = {
    for column in var.schema.columns :
    column.name => regexall("[A-Za-z0-9_.$-]+|[<>(),:]", column.type)
  }
  glue_types = {
    for name, tokens in local.tokens : name => join("", [
      for at, token in tokens :
      try(tokens[at + 1], "") == ":" ? token :
      lower(token) == "decimal" && try(tokens[at + 1], "") != "(" ? "decimal(10,0)" :
      lower(token)
    ])
  }

  # A dropped attribute never leaves the Lambda, so the table has no column for it.
  declared_columns = [
    for column in var.schema.columns : {
      name    = column.name
      type    = local.glue_types[column.name]
      comment = try(column.comment, null)
    } if try(column.protect, null) != "drop"
  ]
}
