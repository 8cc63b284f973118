"""The current-state view for Athena, as `dynalake ddl` prints it, by DuckDB on the same files.

DuckDB and Athena's Trino agree on what the view uses: quoted names, a window function, a subquery.
"""

from __future__ import annotations

import subprocess
from typing import List

import compare
import duckdb
from firehose import DYNALAKE
from processes import Refused
from tables import Made


def differences(made: Made) -> List[str]:
    """Reads all files that were delivered, those that were replayed and those made by hand too."""
    words = ["ddl", str(made.lake.schema_file(1)), "--dialect", "athena", "--only", "view",
             "--database", "lake", "--table", "changes", "--view", "items"]
    done = subprocess.run([DYNALAKE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Refused("`dynalake {}` ended with code {}:\n{}".format(" ".join(words), done.returncode, done.stderr))
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE SCHEMA lake")
    files = str(made.lake.folder / "**" / "*.parquet").replace("'", "''")
    options = "union_by_name = true, hive_partitioning = true"
    connection.execute("CREATE VIEW lake.changes AS FROM read_parquet('{}', {})".format(files, options))
    connection.execute(done.stdout)
    more = ["_event_time", "_sequence"]
    found = compare.differences(made.current, connection.sql("FROM lake.items").to_arrow_table(), made.keys, more=more)
    return ["{}, Athena's view: {}".format(made.order.name, what) for what in found]
