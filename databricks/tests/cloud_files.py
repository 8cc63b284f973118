"""What the pipeline asks of Databricks: Auto Loader's options and the table properties, none of
which runs here.

The shipped file is executed with the source cloudFiles; `spark` only takes down what it is asked
for. So this finds a slip of the pen, and a drift from `dynalake ddl`; not whether Databricks does
as asked.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pyspark import pipelines
from pyspark.pipelines.graph_element_registry import (
    GraphElementRegistry,
    graph_element_registration_context,
)
from pyspark.sql import functions

from dynalake_dev.ddl import METADATA

from . import tools
from .spark import PIPELINE
from .tables import Made


class Asked(GraphElementRegistry):
    """Stands for the registry of the pipeline, for `spark`, its settings, its readers and what they
    read."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings
        self.options: dict[str, str] = {}
        self.selected: list[list[str]] = []
        self.expected: dict[str, str] = {}
        self.read: dict[str, dict[str, str]] = {}
        self.tables: dict[str, Any] = {}
        self.merges: list[Any] = []
        self.conf = self
        self.get = settings.get

    def expect(self, name: str, condition: str) -> Any:
        """Stands for the decorator dp.expect, which open-source Spark lacks."""
        self.expected[name] = condition
        return lambda function: function

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

    def selectExpr(self, *expressions: str) -> Asked:
        self.selected.append(list(expressions))
        return self

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


LOCATION = "/Volumes/main/dynalake/changes/customers"


def asked_for(table: dict, **settings: str) -> tuple[Asked, dict[str, Any]]:
    """What the pipeline asks for, and its own names. The file of tables is found as in Databricks,
    which tells Python where to look and the pipeline not where it is."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tables").mkdir()
        (Path(folder) / "tables" / "dev.json").write_text(json.dumps([table]))
        settings = {
            "tables": "tables/dev.json",
            "volume": "/Volumes/main/dynalake/changes",
            **settings,
        }
        asked = Asked({"dynalake." + name: value for name, value in settings.items()})
        its = {"spark": asked}
        with (
            graph_element_registration_context(asked),
            patch.object(pipelines, "expect", asked.expect, create=True),
            patch.object(sys, "path", [*sys.path, folder]),
        ):
            exec(compile(PIPELINE.read_text(), str(PIPELINE), "exec"), its)
    return asked, its


def differences(made: Made) -> list[str]:
    table = {
        "schema": {**made.lake.schemas[1], "table": "Customers-2.a"},
        "location": "customers",
        "history": True,
    }
    asked, its = asked_for(table)
    name = "customers_2_a"
    current, log, history = (asked.tables[name + end] for end in ("", "_changes", "_history"))
    options = dict(asked.read[LOCATION])
    tombstones = {"pipelines.cdc.tombstoneGCThresholdInSeconds": "1209600"}
    first = ["`tenant`", "`customer_id`", "`_event_time`", "`_sequence`"]
    needed = ["tenant", "customer_id", "_sequence", "_event_type"]
    mergeable = " AND ".join(f"`{name}` IS NOT NULL" for name in needed)
    wanted = {
        # What the pipeline has to know by itself, as it is one file.
        "metadata columns": (
            list(its["METADATA"].items()),
            [(column["name"], column["type"]) for column in METADATA],
        ),
        "names of tables": (
            [its["lake_name"](name) for name in ("Orders-2.a", "2_a", "_x")],
            ["orders_2_a", "_2_a", "_x"],
        ),
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
                # Auto Loader's own default is another calendar.
                "datetimeRebaseMode": "CORRECTED",
                "int96RebaseMode": "CORRECTED",
                "pathGlobFilter": "*.parquet",
            },
        ),
        # Delta keeps statistics of the first 32 columns, and clusters by none without.
        "order of columns": (asked.selected[0], [*first, "* EXCEPT ({})".format(", ".join(first))]),
        "options of the log": (asked.read[log.name], {"skipChangeCommits": "true"}),
        "datasets": (
            sorted(asked.tables),
            [name + end for end in ("", "_changes", "_history", "_mergeable", "_quarantine")],
        ),
        "properties of the log": (log.table_properties, {"pipelines.reset.allowed": "false"}),
        "properties of the table": (current.table_properties, tombstones),
        "properties of the history": (history.table_properties, tombstones),
        # The log is asked by time: freshness, what was rescued, what is in quarantine.
        "clustering": (
            [table.cluster_by for table in (current, log, history)],
            [made.keys, ["_event_time"], made.keys],
        ),
        "kinds of merges": ([str(flow.stored_as_scd_type) for flow in asked.merges], ["1", "2"]),
        "counts on the pipeline's page": (
            asked.expected,
            {"can be merged": mergeable, "nothing rescued by Auto Loader": "_rescued_data IS NULL"},
        ),
        "columns of the table": (current.schema, None),
    }
    return [
        f"{what}: {found}, not {expected}"
        for what, (found, expected) in {**wanted, **_with_options(table)}.items()
        if found != expected
    ]


def _with_options(table: dict) -> dict[str, Any]:
    """What is off by default: asked for, and what has to come of it."""
    widening, declaring, listing = (
        asked_for(table, **{name: "true"})[0]
        for name in ("widen_types", "declare_columns", "list_on_start")
    )
    ends = ["", "_changes", "_history", "_quarantine"]
    declared = (
        "`tenant` string NOT NULL COMMENT 'partition key', "
        "`customer_id` bigint NOT NULL COMMENT 'sort key', "
        "`_event_time` timestamp, `_sequence` string, `name` string, `email` string, "
        "`credit` decimal(18,2), `since` date, "
        "`address` struct<street:string,city:string,country:string>, `_rescued` string, "
        "`_rescued_data` string, "
        "CONSTRAINT `customers_2_a_key` PRIMARY KEY (`tenant`, `customer_id`)"
    )
    tables = [declaring.tables["customers_2_a" + end] for end in ends]
    return {
        "a wider type": (
            widening.read[LOCATION]["cloudFiles.schemaEvolutionMode"],
            "addNewColumnsWithTypeWidening",
        ),
        "tables with wider types": (
            [
                widening.tables["customers_2_a" + end].table_properties.get(
                    "delta.enableTypeWidening"
                )
                for end in ends
            ],
            ["true"] * 4,
        ),
        "declared columns": ([each.schema for each in tables], [declared, None, None, None]),
        "declared columns are all that is merged": (
            [
                each._jc.sql if hasattr(each, "_jc") else str(each)
                for each in declaring.merges[0].column_list or []
            ],
            [
                str(column)
                for column in map(
                    functions.col,
                    [
                        "tenant",
                        "customer_id",
                        "_event_time",
                        "_sequence",
                        "name",
                        "email",
                        "credit",
                        "since",
                        "address",
                        "_rescued",
                        "_rescued_data",
                    ],
                )
            ],
        ),
        "a list of all files": (
            {
                name: listing.read[LOCATION].get(name)
                for name in ("cloudFiles.listOnStart", "cloudFiles.validateOptions")
            },
            {"cloudFiles.listOnStart": "true", "cloudFiles.validateOptions": "false"},
        ),
    }


def _hints(made: Made) -> str:
    return tools.print_sql(made.lake.schema_file(1), "hints").strip()
