"""What the pipeline asks of Databricks: Auto Loader's options and the table properties, none of which runs here.

The shipped file is executed with the source cloudFiles; `spark` only takes down what it is asked for. So this finds a
slip of the pen, and a drift from `dynalake ddl`; not whether Databricks does as asked.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any, Dict, List

import expect
from firehose import DYNALAKE, METADATA
from processes import Refused
from pyspark.pipelines.graph_element_registry import GraphElementRegistry, graph_element_registration_context
from spark import PIPELINE
from tables import Made

NAMES = ["orderId", "customerID", "HTTPCode", "line1Address", "ABcDEf", "Äpfel", "größe", "a b..c", "1st", "__x__Y", ""]


class Asked(GraphElementRegistry):
    """Stands for the registry of the pipeline, for `spark`, its settings, its readers and what they read."""

    def __init__(self, settings: Dict[str, str]) -> None:
        self.settings = settings
        self.options: Dict[str, str] = {}
        self.read: Dict[str, Dict[str, str]] = {}
        self.tables: Dict[str, Any] = {}
        self.merges: List[Any] = []
        self.conf = self
        self.get = settings.get

    @property
    def readStream(self) -> "Asked":  # noqa: N802 (Spark's name)
        self.options = {}
        return self

    def format(self, name: str) -> "Asked":
        return self.option("format", name)

    def option(self, name: str, value: str) -> "Asked":
        self.options[name] = value
        return self

    def load(self, path: str) -> "Asked":
        self.read[path] = self.options
        return self

    table = load

    def where(self, condition: Any) -> "Asked":
        return self

    def register_output(self, output: Any) -> None:
        self.tables[output.name] = output

    def register_flow(self, flow: Any) -> None:
        flow.func()

    def register_auto_cdc_flow(self, flow: Any) -> None:
        self.merges.append(flow)

    def register_sql(self, sql_text: str, file_path: Any) -> None:
        raise AssertionError("the pipeline has no SQL")


def differences(made: Made) -> List[str]:
    location = "/Volumes/main/dynalake/changes/customers"
    table = {"schema": {**made.lake.schemas[1], "table": "Customers-2.a"}, "location": location, "history": True}
    asked = Asked({"dynalake.tables": json.dumps([table])})
    its = {"spark": asked}
    with graph_element_registration_context(asked):
        exec(compile(PIPELINE.read_text(), str(PIPELINE), "exec"), its)
    name = "customers_2_a"
    current, log, history = (asked.tables[name + end] for end in ("", "_changes", "_history"))
    options = dict(asked.read[location])
    tombstones = {"pipelines.cdc.tombstoneGCThresholdInSeconds": "1209600"}
    wanted = {
        # What the pipeline has to know by itself, as it is one file.
        "metadata columns": (list(its["METADATA"].items()), [(column["name"], column["type"]) for column in METADATA]),
        "names": ([its["snake"](name) for name in NAMES], [expect.snake(name) for name in NAMES]),
        "hints": (options.pop("cloudFiles.schemaHints").lower(), _hints(made).lower()),
        "options": (options, {
            "format": "cloudFiles",
            "cloudFiles.format": "parquet",
            "cloudFiles.useManagedFileEvents": "true",
            "cloudFiles.schemaEvolutionMode": "addNewColumns",
            "cloudFiles.partitionColumns": "",
            "rescuedDataColumn": "_rescued_data",
        }),
        "options of the log": (asked.read[log.name], {"skipChangeCommits": "true"}),
        "datasets": (sorted(asked.tables), [name + end for end in (
            "", "_changes", "_history", "_mergeable", "_quarantine")]),
        "properties of the log": (log.table_properties, {"pipelines.reset.allowed": "false"}),
        "properties of the table": (current.table_properties, tombstones),
        "properties of the history": (history.table_properties, tombstones),
        "clustering": ([table.cluster_by for table in (current, log, history)], [made.keys] * 3),
        "kinds of merges": ([str(flow.stored_as_scd_type) for flow in asked.merges], ["1", "2"]),
    }
    return ["{}: {}, not {}".format(what, *pair) for what, pair in wanted.items() if pair[0] != pair[1]]


def _hints(made: Made) -> str:
    words = ["ddl", str(made.lake.schema_file(1)), "--dialect", "databricks", "--only", "hints"]
    done = subprocess.run([DYNALAKE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Refused("`dynalake {}` ended with code {}:\n{}".format(" ".join(words), done.returncode, done.stderr))
    return done.stdout.strip()
