"""The shipped pipeline on Spark: all tables in one pipeline, three updates, everything compared
after the last two."""

from __future__ import annotations

import json
import re
from collections import Counter

from dynalake_dev.ddl import METADATA

from . import compare, tables
from .compare import rows_of
from .spark import CATALOG, ENGINES_COLUMNS, PIPELINE, Pipeline
from .tables import Made

TIES = PIPELINE.parent.parent / "queries" / "ties.sql"


def first(pipeline: Pipeline, all_made: list[Made]) -> None:
    """The first half of the changes."""
    for made in all_made:
        made.lake.deliver(made.parts[0])
    _update(pipeline, all_made, 0)


def second(pipeline: Pipeline, all_made: list[Made]) -> None:
    """The other half, after the schema file got a column; and rows that can't be merged."""
    for made in all_made:
        made.lake.deliver(made.parts[1])
    _update(pipeline, all_made, 1)


def replay(pipeline: Pipeline, all_made: list[Made]) -> None:
    """Files that were there already, under other names: the same rows once more."""
    for at, made in enumerate(all_made):
        made.lake.deliver(tables.replayed(made, at))
    _update(pipeline, all_made, 1)


def _update(pipeline: Pipeline, all_made: list[Made], part: int) -> None:
    tables_now = [made.setting(part) for made in all_made]
    pipeline.update(pipeline.configuration(tables_now, volume=str(tables.FOLDER)))


def differences(pipeline: Pipeline, all_made: list[Made]) -> list[str]:
    """All in which the current states and histories are not the model's."""
    found = []
    for made in all_made:
        name, keys = made.order.name, made.keys
        table = pipeline.table(name)
        found += _named(name, compare.differences(made.current, table, keys, more=ENGINES_COLUMNS))
        if made.order.history:
            table = pipeline.table(name + "_history")
            found += _named(
                name + "_history",
                compare.differences(
                    made.history, table, [*keys, "__START_AT"], more=ENGINES_COLUMNS
                ),
            )
    return found


def log_differences(pipeline: Pipeline, all_made: list[Made], with_replay: bool) -> list[str]:
    """All in which the change logs and the quarantines are not what was delivered."""
    found = []
    for at, made in enumerate(all_made):
        name = made.order.name
        again = tables.replayed(made, at) if with_replay else []
        delivered = [path for part in made.parts for path in part] + again
        sequences = [made.lake.read(path).column("_sequence").to_pylist() for path in delivered]
        expected = Counter(sequence for file in sequences for sequence in file)
        log = pipeline.table(name + "_changes", "_sequence, _ttl_delete")
        if Counter(log.column("_sequence").to_pylist()) != expected:
            found.append(
                f"{name}_changes: {log.num_rows:,} rows, not the {sum(expected.values()):,} that "
                "were delivered"
            )
        if (
            not with_replay
            and sum(filter(None, log.column("_ttl_delete").to_pylist())) != made.ttl_deletes
        ):
            found.append(f"{name}_changes: not the {made.ttl_deletes} deletes by Time to Live")

        quarantine = pipeline.table(name + "_quarantine")
        times = delivered.count(made.parts[1][-1]) if made.by_hand else 0
        wanted = Counter(json.dumps(row, sort_keys=True) for row in made.by_hand * times)
        names = {column["name"] for column in METADATA} | set(made.keys)
        there = Counter(
            json.dumps(
                {
                    key: value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if key == "_event_time" else value
                    for key, value in row.items()
                    if key in names and value is not None
                },
                sort_keys=True,
            )
            for row in rows_of(quarantine)
        )
        if there != wanted:
            found.append(f"{name}_quarantine: {dict(there)} instead of {dict(wanted)}")
    return found


def tie_differences(pipeline: Pipeline, made: Made) -> list[str]:
    """Whether queries/ties.sql finds the items whose newest change the pipeline could not tell."""
    count, listed = (
        statement.replace(
            "main.dynalake.orders", f"{CATALOG}.{pipeline.name}.{made.order.name}"
        ).replace("order_id", ", ".join(made.keys))
        for statement in re.sub(r"--.*", "", TIES.read_text()).split(";")[:2]
    )
    found = []
    if made.untold == 0:
        found.append("there are no ties that are torn apart: take another seed")
    [row] = pipeline.spark.sql(count).to_pylist()
    if row["items_with_an_older_state"] != made.untold:
        found.append("counts {}, not {}".format(row["items_with_an_older_state"], made.untold))
    keys = {
        tuple(row[name] for name in made.keys) for row in pipeline.spark.sql(listed).to_pylist()
    }
    states = {
        key
        for key in {*made.truth, *made.current}
        if repr(made.truth.get(key)) != repr(made.current.get(key))
    }
    if not states <= keys or len(keys) != made.untold:
        found.append(f"lists {keys}, and the states of {states} are otherwise")
    return found


def _named(name: str, found: list[str]) -> list[str]:
    return [f"{name}: {what}" for what in found]
