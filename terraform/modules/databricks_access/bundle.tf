# What the bundle in the folder databricks needs to know of what is here.

locals {
  bundle_variables = {
    name      = var.name
    url       = local.urls[0]
    queue_url = local.queue_url
    # A text, as the configuration of a pipeline holds only texts.
    tables = "[${join(",", local.bundle_tables)}]"
  }

  # The bundle puts its volume's path in place of ${var.volume}: only there it is known what the target calls the schema. All
  # other $ are written as JSON's \u0024, or the bundle would take what stands in a comment or a path for a reference.
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
