# Types as Glue spells them, and whether they are types at all: the same rules as in src/schema/types.rs.

locals {
  # No blanks (Unicode's white space) around brackets, commas and colons, nor at the ends; one between two words, where no
  # type has any.
  spelled = [
    for column in var.schema.columns : trimspace(replace(replace(
      column.type,
      "/[\\t-\\r \\x{85}\\p{Z}]+/", " "),
    "/ ?([<>(),:]) ?/", "$1"))
  ]
  # decimal alone is decimal(10,0).
  glue_types = [
    for type in local.spelled : replace(replace(
      lower(type),
      "/\\(0*([0-9]+),0*([0-9]+)\\)/", "($1,$2)"),
    "/\\bdecimal([>,]|$)/", "decimal(10,0)$1")
  ]

  # Names of struct members, which have a colon behind them, that can't be one; and words that should be types.
  wrong_members = [
    for type in local.spelled : toset([
      for found in regexall("([^<>(),: ]*):", type) : found[0] if !can(regex(local.name_rule, found[0]))
    ])
  ]
  type_words = [
    for type in local.glue_types : toset([
      for found in regexall("([^<>(),: ]+)(?:[<>(), ]|$)", replace(type, "/\\([^()]*\\)/", "")) : found[0]
    ])
  ]
  decimals = [for type in local.glue_types : toset(regexall("\\bdecimal\\(([^<>(),:]*),([^<>(),:]*)\\)", type))]

  # How they nest. HCL has no recursion, so types are reduced from the inside: a scalar is T, the beginning of a map M<, and
  # each round makes T of what holds only T. A type of a depth up to 32 ends as T. One line is one column.
  scalar    = "/(?m)\\b(?:string|boolean|tinyint|smallint|int|bigint|float|double|date|timestamp|decimal\\([0-9]+,[0-9]+\\))([>,]|$)/"
  member    = "[a-z_][a-z0-9_]*:T"
  innermost = "/\\b(?:(?:array|M)<T>|struct<${local.member}(?:,${local.member})*>)/"

  round_0  = join("\n", [for type in local.glue_types : replace(replace(type, "/\\bmap<string,/", "M<"), local.scalar, "T$1")])
  round_1  = replace(local.round_0, local.innermost, "T")
  round_2  = replace(local.round_1, local.innermost, "T")
  round_3  = replace(local.round_2, local.innermost, "T")
  round_4  = replace(local.round_3, local.innermost, "T")
  round_5  = replace(local.round_4, local.innermost, "T")
  round_6  = replace(local.round_5, local.innermost, "T")
  round_7  = replace(local.round_6, local.innermost, "T")
  round_8  = replace(local.round_7, local.innermost, "T")
  round_9  = replace(local.round_8, local.innermost, "T")
  round_10 = replace(local.round_9, local.innermost, "T")
  round_11 = replace(local.round_10, local.innermost, "T")
  round_12 = replace(local.round_11, local.innermost, "T")
  round_13 = replace(local.round_12, local.innermost, "T")
  round_14 = replace(local.round_13, local.innermost, "T")
  round_15 = replace(local.round_14, local.innermost, "T")
  round_16 = replace(local.round_15, local.innermost, "T")
  round_17 = replace(local.round_16, local.innermost, "T")
  round_18 = replace(local.round_17, local.innermost, "T")
  round_19 = replace(local.round_18, local.innermost, "T")
  round_20 = replace(local.round_19, local.innermost, "T")
  round_21 = replace(local.round_20, local.innermost, "T")
  round_22 = replace(local.round_21, local.innermost, "T")
  round_23 = replace(local.round_22, local.innermost, "T")
  round_24 = replace(local.round_23, local.innermost, "T")
  round_25 = replace(local.round_24, local.innermost, "T")
  round_26 = replace(local.round_25, local.innermost, "T")
  round_27 = replace(local.round_26, local.innermost, "T")
  round_28 = replace(local.round_27, local.innermost, "T")
  round_29 = replace(local.round_28, local.innermost, "T")
  round_30 = replace(local.round_29, local.innermost, "T")
  round_31 = replace(local.round_30, local.innermost, "T")
  round_32 = replace(local.round_31, local.innermost, "T")
  rounds = [
    for round in [
      local.round_0, local.round_1, local.round_2, local.round_3, local.round_4, local.round_5, local.round_6,
      local.round_7, local.round_8, local.round_9, local.round_10, local.round_11, local.round_12,
      local.round_13, local.round_14, local.round_15, local.round_16, local.round_17, local.round_18,
      local.round_19, local.round_20, local.round_21, local.round_22, local.round_23, local.round_24,
      local.round_25, local.round_26, local.round_27, local.round_28, local.round_29, local.round_30,
      local.round_31, local.round_32
    ] : split("\n", round)
  ]
  is_type        = [for line in local.rounds[32] : line == "T"]
  nests_too_deep = [for line in local.rounds[32] : replace(line, local.innermost, "T") != line]

  # Of each column the lists of members of its structs.
  structs = [
    for at, type in local.glue_types : distinct(flatten([
      for round in local.rounds : [for body in regexall("\\bstruct<([^<>]*)>", round[at]) : body[0]]
    ]))
  ]
}
