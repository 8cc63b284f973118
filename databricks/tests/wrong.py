"""That what is wrong is found: settings are rejected, and a pipeline that does otherwise differs
from the model."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from . import compare
from .spark import ENGINES_COLUMNS, PIPELINE, Pipeline, Spark, configuration
from .streams import Row
from .tables import Made

# What is changed in the shipped file, and what that breaks.
MUTANTS = {
    "deletes_ignored": (
        """F.expr("_event_type = 'REMOVE'")""",
        """F.expr("_event_type = 'DELETE'")""",
    ),
    "order_reversed": (
        'sequence_by=F.col("_sequence")',
        'sequence_by=F.translate(F.col("_sequence"), "0123456789", "9876543210")',
    ),
    "ties_by_chance": (
        'sequence_by=F.col("_sequence")',
        'sequence_by=F.substring(F.col("_sequence"), 1, 20)',
    ),
    "a_key_forgotten": ("keys=table.keys", "keys=table.keys[:1]"),
}


def undetected(spark: Spark, made: Made) -> list[str]:
    """Mutants of the pipeline whose table is the model's all the same."""
    source, settings = PIPELINE.read_text(), {}
    pipeline = Pipeline(spark, "mutants", files=[])
    for name, (text, other) in MUTANTS.items():
        if source.count(text) != 1:
            return [f"{name}: the pipeline has not once {text}"]
        # Each has a key of its own for its tables, so that all are in one update.
        key = "dynalake.tables." + name
        mutant = source.replace(text, other).replace('"dynalake.tables"', json.dumps(key))
        (pipeline.code / (name + ".py")).write_text(mutant)
        settings.update(
            configuration([{**made.setting(1), "name": name, "history": False}], key=key)
        )
    pipeline.update(settings)
    found = []
    for name in MUTANTS:
        if not compare.differences(
            made.current, pipeline.table(name), made.keys, more=ENGINES_COLUMNS
        ):
            found.append(f"{name}: no difference was found")
    return found


def undetected_by_comparison(pipeline: Pipeline, made: Made) -> list[str]:
    """Planted differences that the comparison does not see."""
    table, found = pipeline.table(made.order.name), []
    key, row = next(iter(made.current.items()))

    def planted(what: str, rows: dict) -> None:
        differs = compare.differences(rows, table, made.keys, more=ENGINES_COLUMNS)
        if len(differs) != 1:
            found.append(f"planted {what}: {len(differs)} differences were found")

    rows = {each: value for each, value in made.current.items() if each != key}
    planted("row too much", rows)
    planted("row too little", {**made.current, ("nobody",) * len(key): row})
    planted(
        "rescued value",
        {**made.current, key: Row(row.values, {**row.rescued, "planted": ("type", {"S": "x"})})},
    )
    for name in row.values:
        if name not in made.keys:
            planted(
                "value in " + name,
                {**made.current, key: Row({**row.values, name: object()}, row.rescued)},
            )
    return found


def not_rejected(spark: Spark, made: Made) -> list[str]:
    """Wrong settings that the pipeline does not reject, or not with their name, value and a fix."""
    good, found = made.setting(1), []
    pipeline = Pipeline(spark, "rejected")
    for what, setting, names in _wrong(good):
        try:
            pipeline.update(setting)
        except Exception as error:
            said = str(error)
            lacking = [name for name in names if name not in said]
            if type(error).__name__ != "Rejected" or lacking:
                found.append(f"{what}: {type(error).__name__} lacks {lacking}: {said[:300]}")
        else:
            found.append(f"{what}: was not rejected")
    if pipeline.tables():
        found.append(f"rejected settings made tables: {pipeline.tables()}")
    return found


def _wrong(good: dict) -> list[tuple[str, dict[str, str], list[str]]]:
    """What is wrong, the configuration, and what the error has to say."""

    def table(change: Callable[[dict], Any]) -> dict[str, str]:
        bad = copy.deepcopy(good)
        change(bad)
        return configuration([bad])

    def first_key(bad: dict) -> None:
        bad["schema"]["keys"][0] = "tenantId"

    return [
        ("no tables", {"dynalake.source": "parquet"}, ["dynalake.tables", "''", "Terraform"]),
        (
            "no JSON",
            {"dynalake.source": "parquet", "dynalake.tables": "[{]"},
            ["dynalake.tables", "[{]", "JSON list"],
        ),
        (
            "an object",
            {"dynalake.source": "parquet", "dynalake.tables": json.dumps(good)},
            ["dynalake.tables", "list"],
        ),
        (
            "an unknown source",
            configuration([good], source="csv"),
            ["dynalake.source", "'csv'", "cloudFiles, parquet"],
        ),
        (
            "a misspelt member",
            table(lambda bad: bad.update(histroy=True)),
            ["dynalake.tables[0].histroy", "'true'", "schema, location, name, history"],
        ),
        (
            "a schema that is a path",
            table(lambda bad: bad.update(schema="orders.json")),
            ["dynalake.tables[0].schema", "'orders.json'", "content"],
        ),
        (
            "a schema without columns",
            table(lambda bad: bad["schema"].pop("columns")),
            ["dynalake.tables[0].schema", '"keys"', "columns"],
        ),
        (
            "a key without a column",
            table(first_key),
            ["dynalake.tables[0].schema.keys", "'tenantId'", "tenant_id", "dynalake check"],
        ),
        (
            "no location",
            table(lambda bad: bad.pop("location")),
            ["dynalake.tables[0].location", "null", "/Volumes/"],
        ),
        (
            "a name with a schema",
            table(lambda bad: bad.update(name="lake.orders")),
            ["dynalake.tables[0].name", "'lake.orders'", "a-z"],
        ),
        (
            "history as text",
            table(lambda bad: bad.update(history="yes")),
            ["dynalake.tables[0].history", "'yes'", "true or false"],
        ),
        (
            "two tables of one name",
            configuration([good, good]),
            ["dynalake.tables[1].name", "another name"],
        ),
        (
            "a name that another's log has",
            configuration([good, {**good, "name": good["name"] + "_changes"}]),
            ["dynalake.tables[1].name", "_changes"],
        ),
    ]
