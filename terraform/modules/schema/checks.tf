# What the function rejects, by its rules and nearly in its words (src/schema/file.rs, view.rs): the place, the reason, the
# fix. `.ci/terraform.py` runs the rejected schemas of fixtures/ through both.

locals {
  members        = ["name", "table", "keys", "columns", "old_image", "binary", "decimal_as", "where", "events", "on_remove"]
  column_members = ["name", "type", "path", "protect", "unit", "comment"]
  events         = ["INSERT", "MODIFY", "REMOVE", "TTL"]
  list_of_events = "list some of ${join(", ", slice(local.events, 0, 3))} and ${local.events[3]}, or remove it"

  # What begins a text in JSON.
  quote = "\""

  # Names that the lakehouse keeps for itself: Auto Loader's rescued data and file metadata, the bounds of a history.
  kept_names = ["_rescued_data", "_metadata", "__start_at", "__end_at"]

  name_rule   = "^[a-z_][a-z0-9_]*$"
  name_reason = "a name is a-z, 0-9 and _, not beginning with a digit"
  other_name  = "choose another, and bind the attribute by \"path\""

  # What a member may be: of the file, and of a column.
  choices        = { binary = ["single", "double"], decimal_as = ["string", "number"], on_remove = ["keys", "item"] }
  column_choices = { protect = ["sha256", "drop"], unit = ["s", "ms", "us", "ns"] }

  types        = ["string", "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(p,s)", "date", "timestamp", "array<T>", "map<string,T>", "struct<name:T,...>"]
  type_choices = [for type in local.types : regex("^[a-z]+", type)]
  type_fixes = {
    binary  = "Firehose can't convert binary from JSON; write string, which holds the bytes as base64"
    integer = "Glue knows no integer; write int"
    char    = "char cuts or pads values in Firehose; write string"
    varchar = "varchar cuts or pads values in Firehose; write string"
    set     = "Firehose can't convert set; write array"
  }

  problems = concat(local.problems_of_members, local.problems_of_where, local.problems_of_columns, local.problems_of_types, local.problems_of_keys)

  problems_of_members = concat(
    [
      for member, allowed in local.choices : "\"${member}\" is \"${var.schema[member]}\"; write ${join(" or ", formatlist("\"%s\"", allowed))}"
      if can(var.schema[member]) && !contains(allowed, try(var.schema[member], ""))
    ],
    [
      for event in try(var.schema.events, []) : "\"events\" has the unknown event \"${event}\"; ${local.list_of_events}"
      if !contains(local.events, event)
    ],
    [
      for problem in [
        {
          found = can(var.schema.events) && length(try(var.schema.events, [])) == 0
          says  = "\"events\" is empty; ${local.list_of_events}"
        },
        {
          found = can(var.schema.name) && !can(regex(local.name_rule, var.schema.name))
          says  = "\"name\" \"${try(var.schema.name, "")}\": ${local.name_reason}; write \"${local.normalised[try(var.schema.name, "")]}\""
        },
        {
          found = length(local.lake_name) > 255
          says  = "the table's name in Glue has ${length(local.lake_name)} characters; give it a \"name\" of at most 255"
        },
      ] : problem.says if problem.found
    ],
  )

  problems_of_where = concat(
    [
      for problem in [
        {
          found = can(var.schema.where) && length(keys(try(var.schema.where, {}))) == 0
          says  = "\"where\" is empty; write attribute names with lists of texts, such as {\"type\": [\"order\"]}, or remove it"
        },
        {
          found = contains(keys(try(var.schema.where, {})), "")
          says  = "\"where\" has an empty attribute name; write attribute names with lists of texts, such as {\"type\": [\"order\"]}"
        },
      ] : problem.says if problem.found
    ],
    [
      for attribute, texts in try(var.schema.where, {}) : "\"where\": \"${attribute}\" should be a list of texts, not empty; write one, such as {\"${attribute}\": [\"order\"]}"
      if !try(startswith(jsonencode(texts), "[") && length(texts) > 0 && alltrue([for text in texts : startswith(jsonencode(text), "\"")]), false)
    ],
  )

  names = var.schema.columns[*].name
  paths = [for column in var.schema.columns : jsonencode(column.path) if can(column.path)]

  problems_of_columns = concat(
    [
      for name in distinct([for at, name in local.names : name if contains(slice(local.names, 0, at), name)]) :
      "column \"${name}\": it is declared twice; rename or remove one"
    ],
    [
      for path in distinct([for at, path in local.paths : path if contains(slice(local.paths, 0, at), path)]) :
      "columns ${join(" and ", [for column in var.schema.columns : "\"${column.name}\"" if try(jsonencode(column.path) == path, false)])} have the same path ${path}; remove one"
    ],
    flatten([
      for at, column in var.schema.columns : [
        for member, allowed in local.column_choices :
        "column \"${column.name}\": \"${member}\" is \"${column[member]}\"; write ${join(" or ", formatlist("\"%s\"", allowed))}"
        if can(column[member]) && !contains(allowed, try(column[member], ""))
      ]
    ]),
    flatten([
      for at, column in var.schema.columns : [
        for problem in [
          {
            found = !can(regex(local.name_rule, column.name))
            says  = "${local.name_reason}; write \"${local.normalised[column.name]}\""
          },
          {
            found = can(regex(local.name_rule, column.name)) && length(column.name) > 255
            says  = "the name has ${length(column.name)} characters; Glue takes 255; shorten it"
          },
          {
            found = contains(local.metadata_columns[*].name, column.name)
            says  = "the name belongs to a metadata column; ${local.other_name}"
          },
          {
            found = contains(local.kept_names, column.name)
            says  = "the lakehouse keeps this name for itself; ${local.other_name}"
          },
          {
            found = try(column.protect == "sha256", false) && local.glue_types[at] != "string"
            says  = "\"protect\": \"sha256\" on ${local.shown_types[at]}; a hash is text, so make the type string"
          },
          {
            found = can(column.unit) && local.glue_types[at] != "timestamp"
            says  = "\"unit\" on ${local.shown_types[at]}; only a timestamp has one, so remove it or change the type"
          },
          {
            # Characters: `length` would count what is seen as one.
            found = length(regexall("(?s).", try(column.comment, ""))) > 255
            says  = "\"comment\" has ${length(regexall("(?s).", try(column.comment, "")))} characters; Glue takes 255; shorten it"
          },
          {
            found = can(regex("\\p{Cc}", replace(try(column.comment, ""), "\t", "")))
            says  = "\"comment\" has a line break or another control character; Glue takes one line; write it as one"
          },
        ] : "column \"${column.name}\": ${problem.says}" if problem.found
      ]
    ]),
  )

  # Of a long type the beginning.
  shown_types = [for type in local.glue_types : length(type) > 200 ? "${substr(type, 0, 200)}…" : type]

  problems_of_types = flatten([
    for at, column in var.schema.columns : [
      for problem in concat(
        [
          for name in local.type_words[at] : lookup(local.type_fixes, name, "\"${substr(name, 0, 200)}\" is none of ${join(", ", local.types)}; write one of them")
          if !contains(local.type_choices, name)
        ],
        [
          for name in local.wrong_members[at] : "struct member \"${name}\": ${local.name_reason}; write \"${local.normalised[name]}\""
        ],
        [
          for decimal in local.decimals[at] : "decimal(${decimal[0]},${decimal[1]}) should have a precision of 1 to 38 and a scale of at most that; correct it"
          if !try(alltrue([for digits in decimal : can(regex("^[0-9]+$", digits))]) && tonumber(decimal[0]) >= 1 && tonumber(decimal[0]) <= 38 && tonumber(decimal[1]) <= tonumber(decimal[0]), false)
        ],
        [
          for body in local.structs[at] : "two struct members of <${substr(body, 0, 200)}> have the same normalised name; keep one"
          if length(toset([for member in split(",", body) : replace(member, "/_+/", "_")])) < length(split(",", body))
        ],
        [
          for problem in [
            {
              found = local.glue_types[at] == ""
              says  = "the type is empty; write a Hive type, such as string"
            },
            {
              found = length(local.glue_types[at]) > 131072
              says  = "the type has ${length(local.glue_types[at])} characters; Glue takes 131072; make a part of it a string"
            },
            {
              found = can(regex("\\bmap<", local.rounds[0][at]))
              says  = "a map's keys are attribute names; write map<string,...>"
            },
            {
              found = !local.is_type[at] && local.nests_too_deep[at]
              says  = "it nests deeper than 32; make the inner part a string"
            },
            {
              found = !local.is_type[at] && !local.nests_too_deep[at]
              says  = "what is in it, and in which order, makes no type; write array<T>, map<string,T>, struct<name:T,...>, decimal(p,s), or a scalar, with matching brackets"
            },
          ] : problem.says if problem.found
        ],
      ) : "column \"${column.name}\": type \"${local.shown_types[at]}\": ${problem}"
    ]
  ])

  problems_of_keys = concat(
    [
      for at, key in var.schema.keys : (
        contains(local.names, local.normalised[key])
        ? "key \"${key}\" has no column, because \"${local.normalised[key]}\" has another path; make its path [\"${key}\"], or remove it"
        : "key \"${key}\" has no column; add one named \"${local.normalised[key]}\" or one with the path [\"${key}\"]"
      ) if local.key_columns[at] == null
    ],
    [
      for at, key in var.schema.keys : "keys \"${var.schema.keys[index(local.key_columns, local.key_columns[at])]}\" and \"${key}\" both take column \"${local.key_columns[at]}\"; give each a column with a path"
      if local.key_columns[at] == null ? false : index(local.key_columns, local.key_columns[at]) < at
    ],
    [
      for column in var.schema.columns : "column \"${column.name}\": \"protect\": \"drop\" would leave rows without their key; use \"sha256\", or remove it"
      if try(column.protect == "drop", false) && contains([for name in local.key_columns : name if name != null], column.name)
    ],
  )
}
