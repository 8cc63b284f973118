"""The current-state view for Athena, as `dynalake ddl` prints it, by DuckDB on the same files.

DuckDB and Athena's Trino agree on what the view uses: quoted names, a window function, a subquery.
"""

from __future__ import annotations

import subprocess
from typing import List

import compare
import duckdb
import pyarrow as pa
from firehose import DYNALAKE
from processes import Refused
from tables import Made


def differences(made: Made) -> List[str]:
    """Reads all files that were delivered, those that were replayed and those made by hand too."""
    items = view(made, str(made.lake.folder / "**" / "*.parquet"))
    found = compare.differences(made.truth, items, made.keys, more=["_event_time", "_sequence"])
    return ["{}, Athena's view: {}".format(made.order.name, what) for what in found]


def view(made: Made, files: str) -> pa.Table:
    """The view's rows over these files."""
    words = ["ddl", str(made.lake.schema_file(1)), "--dialect", "athena", "--only", "view",
             "--database", "lake", "--table", "changes", "--view", "items"]
    done = subprocess.run([DYNALAKE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Refused("`dynalake {}` ended with code {}:\n{}".format(" ".join(words), done.returncode, done.stderr))
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE SCHEMA lake")
    files = files.replace("'", "''")
    options = "union_by_name = true, hive_partitioning = true"
    connection.execute("CREATE VIEW lake.changes AS FROM read_parquet('{}', {})".format(files, options))
    connection.execute(done.stdout)
    return connection.sql("FROM lake.items").to_arrow_table()
