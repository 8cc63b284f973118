"""That what is wrong is found: settings are rejected, and a pipeline that does otherwise differs
from the model."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from . import compare
from .spark import ENGINES_COLUMNS, PIPELINE, Pipeline, Spark
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
DECLARED = "with_declared_columns"


def undetected(spark: Spark, made: Made) -> list[str]:
    """Mutants of the pipeline whose table is the model's all the same. And one pipeline that is
    itself, with the columns of the schema file, whose table has to be the model's."""
    source, settings = PIPELINE.read_text(), {}
    pipeline = Pipeline(spark, "mutants", files=[])
    for name, (text, other) in {**MUTANTS, DECLARED: ("", "")}.items():
        if name != DECLARED and source.count(text) != 1:
            return [f"{name}: the pipeline has not once {text}"]
        # Each has a file of tables of its own, so that all are in one update.
        mutant = source.replace(text, other) if text else source
        for key in ("dynalake.tables", "dynalake.declare_columns"):
            mutant = mutant.replace(f'"{key}"', json.dumps(f"{key}.{name}"))
        (pipeline.code / (name + ".py")).write_text(mutant)
        table = {
            **made.setting(1),
            "name": name,
            "history": False,
            "location": str(made.lake.folder),
        }
        settings.update(
            pipeline.configuration(
                [table], file=name + ".json", **{"tables." + name: name + ".json"}
            )
        )
    settings["dynalake.declare_columns." + DECLARED] = "true"
    pipeline.update(settings)
    found = [
        f"{DECLARED}: {what}"
        for what in compare.differences(
            made.current, pipeline.table(DECLARED), made.keys, more=ENGINES_COLUMNS
        )
    ]
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
    for what, setting, names in _wrong(pipeline, good):
        try:
            pipeline.update(setting())
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


def _wrong(
    pipeline: Pipeline, good: dict
) -> list[tuple[str, Callable[[], dict[str, str]], list[str]]]:
    """What is wrong, what writes the file of tables and gives the configuration, and what the error
    has to say."""

    def tables(what: Any, **settings: str) -> Callable[[], dict[str, str]]:
        return lambda: pipeline.configuration(
            what, **{"volume": "/Volumes/main/dynalake/changes", **settings}
        )

    def table(change: Callable[[dict], Any]) -> Callable[[], dict[str, str]]:
        bad = copy.deepcopy(good)
        change(bad)
        return tables([bad])

    def first_key(bad: dict) -> None:
        bad["schema"]["keys"][0] = "tenantId"

    def without(setting: str, what: Any) -> Callable[[], dict[str, str]]:
        return lambda: {name: value for name, value in tables(what)().items() if name != setting}

    hidden = [
        "not set",
        "password, secret, token, accesskey or access.key",
        "spark.redaction.regex",
    ]
    return [
        (
            "no tables",
            without("dynalake.tables", [good]),
            ["dynalake.tables", "the bundle does", *hidden],
        ),
        # Spark hides the value, and says that it is not set.
        (
            "a file that Spark hides",
            tables([good], file="tokens.json"),
            ["dynalake.tables", "another name", *hidden],
        ),
        (
            "no volume",
            without("dynalake.volume", [good]),
            ["dynalake.volume", "'customers'", "from the root", *hidden],
        ),
        (
            "a volume that Spark hides",
            tables([good], volume="/Volumes/main/secrets/changes"),
            ["dynalake.volume", "from the root", *hidden],
        ),
        (
            "a file that isn't there",
            lambda: {**tables([good])(), "dynalake.tables": "tables/nowhere.json"},
            ["dynalake.tables", "'tables/nowhere.json'", "databricks_tables", "Looked for in"],
        ),
        ("no JSON", tables("[{]"), ["tables.json", "[{]", "JSON list"]),
        ("an empty file", tables(""), ["tables.json", "''", "JSON list"]),
        ("an object", tables(good), ["tables.json", "list"]),
        (
            "an unknown source",
            tables([good], source="csv"),
            ["dynalake.source", "'csv'", "cloudFiles, parquet"],
        ),
        (
            "a flag that is no flag",
            tables([good], widen_types="yes"),
            ["dynalake.widen_types", "'yes'", "true or false"],
        ),
        (
            "a misspelt member",
            table(lambda bad: bad.update(histroy=True)),
            ["tables.json[0].histroy", "'true'", "schema, location, name, history"],
        ),
        (
            "a schema that is a path",
            table(lambda bad: bad.update(schema="orders.json")),
            ["tables.json[0].schema", "'orders.json'", "content"],
        ),
        (
            "a schema without columns",
            table(lambda bad: bad["schema"].pop("columns")),
            ["tables.json[0].schema", '"keys"', "columns"],
        ),
        (
            "a column that Auto Loader makes",
            table(
                lambda bad: bad["schema"]["columns"].append(
                    {"name": "_rescued_data", "type": "string"}
                )
            ),
            ["tables.json[0].schema.columns", "'_rescued_data'", "choose another"],
        ),
        (
            "a key without a column",
            table(first_key),
            ["tables.json[0].schema.keys", "'tenantId'", "tenant_id", "dynalake check"],
        ),
        (
            "no location",
            table(lambda bad: bad.pop("location")),
            ["tables.json[0].location", "not set", "/Volumes/"],
        ),
        (
            "a name with a schema",
            table(lambda bad: bad.update(name="lake.orders")),
            ["tables.json[0].name", "'lake.orders'", "a-z"],
        ),
        (
            "history as text",
            table(lambda bad: bad.update(history="yes")),
            ["tables.json[0].history", "'yes'", "true or false"],
        ),
        ("two tables of one name", tables([good, good]), ["tables.json[1].name", "another name"]),
        (
            "a name that another's log has",
            tables([good, {**good, "name": good["name"] + "_changes"}]),
            ["tables.json[1].name", "_changes"],
        ),
    ]
