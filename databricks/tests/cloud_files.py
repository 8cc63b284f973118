"""What the pipeline asks of Databricks: Auto Loader's options and the table properties, none of
which runs here.

The shipped file is executed with the source cloudFiles; `spark` only takes down what it is asked
for. So this finds a slip of the pen, and a drift from `dynalake ddl`; not whether Databricks does
as asked.
"""

from __future__ import annotations

import json
from typing import Any

from pyspark.pipelines.graph_element_registry import (
    GraphElementRegistry,
    graph_element_registration_context,
)

from dynalake_dev import contract

from . import tools
from .firehose import METADATA
from .spark import PIPELINE
from .tables import Made

NAMES = [
    "orderId",
    "customerID",
    "HTTPCode",
    "line1Address",
    "ABcDEf",
    "Äpfel",
    "größe",
    "a b..c",
    "1st",
    "__x__Y",
    "",
]


class Asked(GraphElementRegistry):
    """Stands for the registry of the pipeline, for `spark`, its settings, its readers and what they
    read."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings
        self.options: dict[str, str] = {}
        self.read: dict[str, dict[str, str]] = {}
        self.tables: dict[str, Any] = {}
        self.merges: list[Any] = []
        self.conf = self
        self.get = settings.get

    @property
    def readStream(self) -> Asked:
        self.options = {}
        return self

    def format(self, name: str) -> Asked:
        return self.option("format", name)

    def option(self, name: str, value: str) -> Asked:
        self.options[name] = value
        return self

    def load(self, path: str) -> Asked:
        self.read[path] = self.options
        return self

    table = load

    def where(self, condition: Any) -> Asked:
        return self

    def register_output(self, output: Any) -> None:
        self.tables[output.name] = output

    def register_flow(self, flow: Any) -> None:
        flow.func()

    def register_auto_cdc_flow(self, flow: Any) -> None:
        self.merges.append(flow)

    def register_sql(self, sql_text: str, file_path: Any) -> None:
        raise AssertionError("the pipeline has no SQL")


def differences(made: Made) -> list[str]:
    location = "/Volumes/main/dynalake/changes/customers"
    table = {
        "schema": {**made.lake.schemas[1], "table": "Customers-2.a"},
        "location": location,
        "history": True,
    }
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
        "metadata columns": (
            list(its["METADATA"].items()),
            [(column["name"], column["type"]) for column in METADATA],
        ),
        "names": ([its["snake"](name) for name in NAMES], [contract.snake(name) for name in NAMES]),
        "hints": (options.pop("cloudFiles.schemaHints").lower(), _hints(made).lower()),
        "options": (
            options,
            {
                "format": "cloudFiles",
                "cloudFiles.format": "parquet",
                "cloudFiles.useManagedFileEvents": "true",
                "cloudFiles.schemaEvolutionMode": "addNewColumns",
                "cloudFiles.partitionColumns": "",
                "rescuedDataColumn": "_rescued_data",
            },
        ),
        "options of the log": (asked.read[log.name], {"skipChangeCommits": "true"}),
        "datasets": (
            sorted(asked.tables),
            [name + end for end in ("", "_changes", "_history", "_mergeable", "_quarantine")],
        ),
        "properties of the log": (log.table_properties, {"pipelines.reset.allowed": "false"}),
        "properties of the table": (current.table_properties, tombstones),
        "properties of the history": (history.table_properties, tombstones),
        "clustering": ([table.cluster_by for table in (current, log, history)], [made.keys] * 3),
        "kinds of merges": ([str(flow.stored_as_scd_type) for flow in asked.merges], ["1", "2"]),
    }
    return [
        f"{what}: {found}, not {expected}"
        for what, (found, expected) in wanted.items()
        if found != expected
    ]


def _hints(made: Made) -> str:
    options = ["--dialect", "databricks", "--only", "hints"]
    return tools.dynalake("ddl", made.lake.schema_file(1), *options).decode().strip()
