"""The current-state view for Athena, as `dynalake ddl` prints it, by DuckDB on the same files.

DuckDB and Athena's Trino agree on what the view uses: quoted names, a window function, a subquery.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from . import compare, tools
from .tables import Made


def differences(made: Made) -> list[str]:
    """Reads all files that were delivered, those that were replayed and those made by hand too."""
    items = view(made.lake.schema_file(1), str(made.lake.folder / "**" / "*.parquet"))
    found = compare.differences(made.truth, items, made.keys, more=["_event_time", "_sequence"])
    return [f"{made.order.name}, Athena's view: {what}" for what in found]


def view(schema_file: Path, files: str) -> pa.Table:
    """The rows of a schema's view over these files."""
    names = ["--database", "lake", "--table", "changes", "--view", "items"]
    statement = tools.print_sql(schema_file, "view", *names, dialect="athena")
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE SCHEMA lake")
    files = files.replace("'", "''")
    options = "union_by_name = true, hive_partitioning = true"
    connection.execute(f"CREATE VIEW lake.changes AS FROM read_parquet('{files}', {options})")
    connection.execute(statement)
    return connection.sql("FROM lake.items").to_arrow_table()
