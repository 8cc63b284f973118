# What the bundle in the folder databricks needs to know.

locals {
  # What an entry of var.tables may have.
  table_members = ["name", "data_prefix", "schema", "history"]

  bundle_variables = {
    name      = var.name
    url       = local.urls[0]
    queue_url = local.queue_url
    # The bundle replaces ${var.place} with catalog and schema, because only the bundle knows the target's name of the schema.
    health_query = join("\n", [
      "SELECT max(seconds_behind) AS seconds_behind, sum(in_quarantine) AS in_quarantine, sum(rescued_by_auto_loader) AS rescued_by_auto_loader",
      "FROM (",
      join("\n  UNION ALL\n", [for table in var.tables : replace(local.health_of_a_table, "TABLE", table.name)]),
      ")",
    ])
  }

  # Changes may come late, but not by weeks, so the whole log doesn't have to be read. It is clustered by time.
  health_of_a_table = join("\n", [
    "  SELECT",
    "    timestampdiff(SECOND, max(_event_time), current_timestamp()) AS seconds_behind,",
    "    (",
    "      SELECT count(*) FROM $${var.place}.`TABLE_quarantine`",
    "      WHERE _event_time IS NULL OR _event_time > current_timestamp() - INTERVAL 1 DAY",
    "    ) AS in_quarantine,",
    "    count_if(_rescued_data IS NOT NULL AND _event_time > current_timestamp() - INTERVAL 1 DAY) AS rescued_by_auto_loader",
    "  FROM $${var.place}.`TABLE_changes`",
    "  WHERE _event_time > current_timestamp() - INTERVAL 30 DAYS",
  ])

  # The file of tables, which the bundle syncs beside the pipeline. Locations are folders of the volume.
  bundle_tables = [
    for table in var.tables : {
      name     = table.name
      location = trimsuffix(trimprefix(table.data_prefix, var.prefixes[0]), "/")
      history  = try(table.history, false)
      schema   = table.schema
    }
  ]
}
