# What the bundle in the folder databricks needs to know.

locals {
  bundle_variables = {
    name      = var.name
    url       = local.urls[0]
    queue_url = local.queue_url
    # A text, because a pipeline's configuration holds only texts.
    tables = "[${join(",", local.bundle_tables)}]"
  }

  # The bundle replaces ${var.volume} with its volume's path, because only the bundle knows the target's name of the schema.
  # Any other $ is written as JSON's \u0024, or the bundle would take it, in a comment or a path, for a reference.
  bundle_tables = [
    for table in var.tables : format(
      "{\"name\":%s,\"location\":%s,\"history\":%s,\"schema\":%s}",
      jsonencode(table.name),
      jsonencode(trimsuffix("$${var.volume}/${trimprefix(table.data_prefix, var.prefixes[0])}", "/")),
      jsonencode(try(table.history, false)),
      replace(jsonencode(table.schema), "$", "\\u0024"),
    )
  ]
}
