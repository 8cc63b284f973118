#!/usr/bin/env python3
"""Validates the Databricks bundle without a workspace, filled with what Terraform puts out, and
reads its queries.

    .ci/run bundle

Runs in a virtual environment that has what .ci/requirements.txt lists. The Databricks command line
isn't needed: its own check (`databricks bundle validate --strict`) asks a workspace who you are,
and is left to whoever has one. This one reads the bundle as the command line documents it
(https://docs.databricks.com/dev-tools/bundles/), and gives each resource to `databricks-bundles`,
which Databricks generates from the command line's own types. It shows too that it sees: each fault
in FAULTS is planted in a copy, and has to be found.
"""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import MagicMock, patch

import sqlglot
import yaml
from databricks.bundles.alerts import Alert
from databricks.bundles.external_locations import ExternalLocation
from databricks.bundles.jobs import Job
from databricks.bundles.pipelines import Pipeline
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume

from dynalake_dev import process, terraform
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError
from dynalake_dev.redaction import REDACTED

BUNDLE = ROOT / "databricks"

KINDS = {
    "external_locations": ExternalLocation,
    "schemas": Schema,
    "volumes": Volume,
    "pipelines": Pipeline,
    "jobs": Job,
    "alerts": Alert,
}
# What only some targets have.
OF_TARGETS = {"jobs", "alerts"}
# Made once the resource is there.
IDS = {"pipelines": "id"}
# What the files may have, as far as this bundle uses it
# (https://docs.databricks.com/dev-tools/bundles/settings and .../reference).
KEYS = {
    "the bundle": {"bundle", "include", "sync", "variables", "targets", "resources"},
    "bundle": {"name", "databricks_cli_version", "engine"},
    "sync": {"paths", "include"},
    "a variable": {"description", "type", "default"},
    "a lookup": {"lookup"},
    "a target": {"default", "mode", "variables", "workspace", "resources"},
    "workspace": {"root_path"},
    "resources": set(KINDS),
}
# Takes tables with it when it is deleted or made again.
KEPT = (
    ("pipelines", "dynalake"),
    ("schemas", "dynalake"),
    ("volumes", "changes"),
    ("external_locations", "changes"),
)
# When the alerts ask: those of `hourly` once for each update.
SCHEDULES = {"prod": "0 0/15 * * * ?", "hourly": "0 30 * * * ?"}
# Known once someone is logged in.
WORKSPACE = {"current_user": {"userName": "someone@example.com", "short_name": "someone"}}
# Statements that the parser has no grammar for.
NOT_PARSED = re.compile(r"DESCRIBE DETAIL|DESCRIBE SCHEMA|ALTER SCHEMA|OPTIMIZE|VACUUM")
REFERENCE = re.compile(r"\$\{([a-zA-Z_][\w-]*(?:\.[a-zA-Z_][\w-]*)*)\}")


class Invalid(Exception):
    """What is wrong, and where."""


class Loader(yaml.SafeLoader):
    """YAML that rejects a key that is declared twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise Invalid(f"{name} is declared twice{node.start_mark}")
        return super().construct_mapping(node, deep=deep)


def overrides(target: str) -> Path:
    """The file that fills a target's variables."""
    return Path(".databricks", "bundle", target, "variable-overrides.json")


def only(what: str, found: dict) -> dict:
    unknown = found.keys() - KEYS[what]
    if unknown:
        raise Invalid(f"{what}: unknown key {', '.join(sorted(unknown))}")
    return found


def merge(base: dict, over: dict) -> dict:
    """As a target is laid over the bundle: maps by key; this bundle's targets have no lists."""
    merged = dict(base)
    for key, value in over.items():
        merged[key] = (
            merge(merged[key], value)
            if isinstance(value, dict) and isinstance(merged.get(key), dict)
            else value
        )
    return merged


def references(value: object) -> set:
    if isinstance(value, dict):
        return set().union(*map(references, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(references, value)) if value else set()
    return set(REFERENCE.findall(value)) if isinstance(value, str) else set()


class Bundle:
    """A bundle as the files say it, for one target."""

    def __init__(self, folder: Path, target: str) -> None:
        self.folder, self.target = folder, target
        whole = self.read("databricks.yml")
        only("bundle", whole["bundle"])
        only("sync", whole["sync"])
        for path in whole["sync"]["paths"]:
            if not (folder / path).is_dir():
                raise Invalid(f"sync: {path} is no folder")
        self.synced = [folder / path for path in whole["sync"]["paths"]]
        self.included = whole["sync"].get("include", [])
        self.name = whole["bundle"]["name"]
        resources, self.folders = {}, {}
        for pattern in whole["include"]:
            files = sorted(folder.glob(pattern))
            if not files:
                raise Invalid(f"include: no file is called {pattern}")
            for file in files:
                part = self.read(file.relative_to(folder))
                for kind, named in only("resources", part["resources"]).items():
                    for name, resource in named.items():
                        if name in resources.setdefault(kind, {}):
                            raise Invalid(f"{kind}.{name} is declared in two files")
                        resources[kind][name] = resource
                        self.folders[name] = file.parent
        for one in whole["targets"].values():
            for kind, named in only(
                "resources", only("a target", one).get("resources", {})
            ).items():
                for name in named:
                    if kind not in OF_TARGETS and name not in resources.get(kind, {}):
                        raise Invalid(f"a target changes {kind}.{name}, which isn't there")
            for name in one.get("variables", {}):
                if name not in whole["variables"]:
                    raise Invalid(f"a target sets the variable {name}, which isn't there")
            only("workspace", one.get("workspace", {}))
        if target not in whole["targets"]:
            raise Invalid(f"there is no target {target}")
        chosen = whole["targets"][target]
        self.mode, self.workspace = chosen["mode"], merge(WORKSPACE, chosen.get("workspace", {}))
        self.resources = merge(resources, chosen.get("resources", {}))
        # A target's own are in the bundle's file.
        self.folders = {
            name: self.folders.get(name, folder)
            for named in self.resources.values()
            for name in named
        }
        for kind, name in IDS.items():
            for resource in self.resources[kind].values():
                resource.setdefault(name, "made-when-it-is-deployed")
        self.variables = self.values(whole["variables"], chosen.get("variables", {}))
        self.check_use(whole)
        if self.mode == "development":
            # What the mode does to names that others refer to.
            for schema in self.resources["schemas"].values():
                schema["name"] = f"dev_someone_{schema['name']}"
            for pipeline in self.resources["pipelines"].values():
                pipeline["name"] = f"[dev someone] {pipeline['name']}"

    def read(self, path: Path | str) -> dict:
        return only("the bundle", yaml.load((self.folder / path).read_text(), Loader))

    def values(self, declared: dict, of_target: dict) -> dict:
        """The file that Terraform fills goes before the target, and that before the default."""
        file = self.folder / overrides(self.target)
        given = json.loads(file.read_text()) if file.exists() else {}
        unknown = given.keys() - declared.keys()
        if unknown:  # the command line would pass over it without a word
            raise Invalid(
                f"{file.name} has {', '.join(sorted(unknown))}, which no variable is called"
            )
        values = {}
        for name, variable in declared.items():
            only("a variable", variable)
            values[name] = given.get(name, of_target.get(name, variable.get("default")))
            if isinstance(values[name], dict):
                # By the name of what is in the workspace; the command line puts the id in its
                # place.
                [[kind, what]] = only("a lookup", values[name])["lookup"].items()
                values[name] = f"the id of the {kind} {what}"
            if values[name] is None:
                raise Invalid(
                    f"the variable {name} has no value: it has no default and isn't in {file.name}"
                )
            kind, what = (list, "a list") if variable.get("type") == "complex" else (str, "a text")
            if not isinstance(values[name], kind):
                raise Invalid(f"the variable {name} should be {what}")
        return values

    def check_use(self, whole: dict) -> None:
        used = (
            references(self.resources)
            | references(whole["targets"])
            | references(list(self.variables.values()))
        )
        unused = {f"var.{name}" for name in self.variables} - used
        if unused:
            raise Invalid(f"{', '.join(sorted(unused))} isn't used")

    def look_up(self, path: str) -> object:
        head, *rest = path.split(".")
        place = {
            "var": self.variables,
            "resources": self.resources,
            "workspace": self.workspace,
            "bundle": {"name": self.name, "target": self.target},
        }.get(head)
        for step in rest:
            if not isinstance(place, dict) or step not in place:
                raise Invalid(f"${{{path}}} isn't there")
            place = place[step]
        if place is None or isinstance(place, dict):
            raise Invalid(f"${{{path}}} isn't there")
        return place

    @classmethod
    def filled(cls, value: object) -> object:
        """Without empty lists, which Databricks' own types leave out."""
        if isinstance(value, dict):
            return {key: cls.filled(one) for key, one in value.items() if one != []}
        return [cls.filled(one) for one in value] if isinstance(value, list) else value

    def resolve(self, value: object, within: tuple = ()) -> object:
        """With all references replaced, also those that come with what is put in their place."""
        if isinstance(value, dict):
            return {key: self.resolve(one, within) for key, one in value.items()}
        if isinstance(value, list):
            return [self.resolve(one, within) for one in value]
        if not isinstance(value, str):
            return value
        whole = REFERENCE.fullmatch(value)
        if whole and isinstance(self.look_up(whole[1]), list):  # a complex variable
            return self.resolve(self.look_up(whole[1]), (*within, whole[1]))

        def replace(found: re.Match) -> str:
            if found[1] in within:
                raise Invalid(f"${{{found[1]}}} refers to itself")
            return str(self.resolve(self.look_up(found[1]), (*within, found[1])))

        return REFERENCE.sub(replace, value)

    def checked(self) -> dict:
        """The resources, resolved, each taken by Databricks' own types and given back as it was."""
        for resources in (self.resources, self.resolve(self.resources)):
            for kind, named in resources.items():
                for name, resource in named.items():
                    try:
                        taken = KINDS[kind].from_dict(resource).as_dict()
                    except (TypeError, ValueError) as error:
                        raise Invalid(f"{kind}.{name}: {error}") from error
                    # They would turn a number into a text without a word.
                    if self.filled(taken) != self.filled(resource):
                        raise Invalid(f"{kind}.{name}: {resource} was taken as {taken}")
        for name, pipeline in resources["pipelines"].items():
            # Paths count from the file that has them.
            for path in [
                pipeline["root_path"],
                *(one["file"]["path"] for one in pipeline["libraries"]),
            ]:
                if not (self.folders[name] / path).exists():
                    raise Invalid(
                        f"pipelines.{name}: {path} isn't there, seen from "
                        f"{self.folders[name].relative_to(self.folder)}/"
                    )
        self.resolve(self.workspace)
        return resources


def expect(what: str, holds: bool) -> None:
    if not holds:
        raise Invalid(what)


def check_meaning(bundle: Bundle, variables: dict, prefixes: dict) -> None:
    """What no type says. `prefixes`: where each table's files are, as a URL."""
    tables_file = bundle.folder / "src" / "tables" / f"{bundle.target}.json"
    tables = json.loads(tables_file.read_text())
    resources = bundle.checked()
    location, volume = resources["external_locations"]["changes"], resources["volumes"]["changes"]
    schema, pipeline = resources["schemas"]["dynalake"], resources["pipelines"]["dynalake"]
    expect("the external location is read-only", location["read_only"] is True)
    expect(
        "file events come by the provided queue",
        location["enable_file_events"] is True
        and location["file_event_queue"] == {"provided_sqs": {"queue_url": variables["queue_url"]}},
    )
    expect(
        "the location's credential is the one of the next steps",
        location["credential_name"] == variables["name"],
    )
    expect(
        "the volume is the location",
        volume["storage_location"] == location["url"] == variables["url"],
    )
    expect(
        "volume, schema and pipeline are in one place",
        (volume["catalog_name"], volume["schema_name"])
        == (schema["catalog_name"], schema["name"])
        == (pipeline["catalog"], pipeline["schema"]),
    )
    expect(
        "a development target marks its schema",
        schema["name"].startswith("dev_someone_") == (bundle.mode == "development"),
    )

    # Git ignores what Terraform writes there, and what Git ignores is synced only if it is named.
    relative = tables_file.relative_to(bundle.folder)
    expect(
        "the file of tables is synced",
        any(tables_file.is_relative_to(path) for path in bundle.synced)
        and any(relative.match(pattern) for pattern in bundle.included),
    )
    path = f"/Volumes/{volume['catalog_name']}/{volume['schema_name']}/{volume['name']}"
    expect("the pipeline reads the volume", pipeline["configuration"]["dynalake.volume"] == path)
    folder = bundle.folder / "resources"
    made = datasets(
        folder / pipeline["libraries"][0]["file"]["path"],
        folder / pipeline["root_path"],
        pipeline["configuration"],
    )
    expect(
        "each table's location is where its files are",
        {
            table["name"]: f"{location['url']}/{table['location']}".rstrip("/") + "/"
            for table in tables
        }
        == prefixes,
    )
    wanted = {
        table["name"] + end
        for table in tables
        for end in ["", "_changes", "_quarantine", *(["_history"] if table["history"] else [])]
    }
    expect(f"the pipeline makes {sorted(made)}, and not {sorted(wanted)}", made == wanted)
    expect("the pipeline is serverless", pipeline["serverless"] is True)
    continuous = bundle.target == "prod"
    expect("prod runs all the time, the others when asked to", pipeline["continuous"] is continuous)
    expect(
        "a continuous pipeline says how often",
        ("pipelines.trigger.interval" in pipeline["configuration"]) == continuous,
    )
    expect(
        "the event log is published beside the tables",
        pipeline["event_log"]
        == {
            "catalog": schema["catalog_name"],
            "schema": schema["name"],
            "name": "dynalake_event_log",
        },
    )
    if bundle.mode == "production":
        check_kept(bundle.resources, pipeline)
        check_alerts(resources["alerts"], schema, tables, SCHEDULES[bundle.target])
    jobs = resources.get("jobs", {})
    expect(
        "hourly alone has a job",
        (list(jobs) == ["update"]) == (bundle.target == "hourly") and len(jobs) < 2,
    )
    for job in jobs.values():
        [task] = job["tasks"]
        expect(
            "the job updates the pipeline, once an hour",
            task["pipeline_task"] == {"pipeline_id": pipeline["id"]}
            and job["trigger"] == {"periodic": {"interval": 1, "unit": "HOURS"}}
            and job["max_concurrent_runs"] == 1,
        )


def check_kept(resources: dict, pipeline: dict) -> None:
    """Whatever takes tables with it stops a deploy that would delete it or make it again."""
    for kind, name in KEPT:
        expect(
            f"{kind}.{name} can't be destroyed by a deploy",
            resources[kind][name].get("lifecycle") == {"prevent_destroy": True},
        )
    expect("a pipeline that goes leaves its tables", pipeline.get("cascade_on_destroy") is False)


def check_alerts(alerts: dict, schema: dict, tables: list, cron: str) -> None:
    place = f"`{schema['catalog_name']}`.`{schema['name']}`"
    expect(
        "there are alerts on freshness, quarantine and what Auto Loader rescued",
        alerts.keys() == {"freshness", "quarantine", "rescued"},
    )
    for name, alert in alerts.items():
        tree = sqlglot.parse_one(
            alert["query_text"], dialect="databricks", error_level=sqlglot.ErrorLevel.RAISE
        )
        expect(
            f"the alert {name} asks for a column of its query",
            alert["evaluation"]["source"]["name"] in tree.named_selects,
        )
        asked = {table.sql(dialect="databricks") for table in tree.find_all(sqlglot.exp.Table)}
        wanted = {
            f"{place}.`{table['name']}_{end}`"
            for table in tables
            for end in ("changes", "quarantine")
        }
        expect(f"the alert {name} asks {sorted(wanted)}, and not {sorted(asked)}", asked == wanted)
        expect(f"the alert {name} has a warehouse", alert["warehouse_id"] != "")
        expect(
            f"the alert {name} asks at {cron}",
            alert["schedule"] == {"quartz_cron_schedule": cron, "timezone_id": "UTC"},
        )


def datasets(file: Path, root: Path, configuration: dict) -> set:
    """The tables that the pipeline makes of its configuration: its own code runs, on nothing.
    Spark's tests do the rest."""
    source = file.read_text()
    read = set(re.findall(r'"(dynalake\.\w+)"', source))
    expect(
        f"the pipeline reads {sorted(read)}",
        read == {key for key in configuration if key.startswith("dynalake.")},
    )
    pyspark, spark = MagicMock(), MagicMock()
    spark.conf.get.side_effect = {
        key: value
        for key, value in configuration.items()
        if not REDACTED.search(key) and not REDACTED.search(value)
    }.get
    modules = {
        "pyspark": pyspark,
        "pyspark.sql": pyspark.sql,
        "pyspark.pipelines": pyspark.pipelines,
    }
    # As in Databricks: the root path is where Python looks, and the code doesn't know its own file.
    with patch.dict(sys.modules, modules), patch.object(sys, "path", [*sys.path, str(root)]):
        try:
            exec(compile(source, file.name, "exec"), {"spark": spark, "__name__": file.stem})
        except ValueError as error:
            raise Invalid(f"the pipeline: {error}") from error
    declared = (
        pyspark.pipelines.table.call_args_list
        + pyspark.pipelines.create_streaming_table.call_args_list
    )
    return {call.kwargs["name"] for call in declared}


def outputs(folder: Path, run: str) -> dict:
    """The outputs of a run of `terraform test` in the folder, as `terraform output -json` has
    them."""
    terraform.run(folder, *terraform.init_words(), "-backend=false")
    try:
        said = terraform.run(
            folder, "test", "-json", "-verbose", "-filter=tests/databricks.tftest.hcl"
        )
    except ToolError as error:
        lines = str(error).splitlines()
        whole = ('"test_state"', '"test_plan"')
        raise ToolError(
            "\n".join(line for line in lines if not any(kind in line for kind in whole))
        ) from None
    for line in said.splitlines():
        if line.startswith("{") and '"type":"test_state"' in line:
            message = json.loads(line)
            if message["@testrun"] == run:
                return {
                    name: output["value"]
                    for name, output in message["test_state"]["outputs"].items()
                }
    sys.exit(f"{folder.relative_to(ROOT)}: no run of `terraform test` is called {run}")


def check_queries() -> None:
    """That the queries for whoever looks after it are SQL. databricks/tests/queries.py runs those
    that Spark knows."""
    parsed, passed_over = 0, 0
    for file in sorted((BUNDLE / "queries").glob("*.sql")):
        for statement in re.sub(r"--.*", "", file.read_text()).split(";"):
            if not statement.strip():
                continue
            if NOT_PARSED.match(statement.strip()):
                passed_over += 1
                continue
            try:
                tree = sqlglot.parse_one(
                    statement, dialect="databricks", error_level=sqlglot.ErrorLevel.RAISE
                )
            except sqlglot.ParseError as error:
                raise Invalid(f"queries/{file.name}: {error}") from error
            expect(
                f"queries/{file.name} is understood, not passed over: {statement.strip()[:40]}",
                not isinstance(tree, sqlglot.exp.Command),
            )
            parsed += 1
    print(f"queries: {parsed} statements parsed, {passed_over} that only Databricks knows not")


def write(folder: Path, variables: dict, tables: list) -> None:
    """What Terraform writes into the bundle."""
    for target in TARGETS:
        file = folder / overrides(target)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(variables))
        (folder / "src" / "tables").mkdir(exist_ok=True)
        (folder / "src" / "tables" / f"{target}.json").write_text(json.dumps(tables))


@contextmanager
def copied(variables: dict, tables: list) -> Iterator[Path]:
    """A copy of the bundle, filled."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "databricks"
        ignored = shutil.ignore_patterns(".databricks", "__pycache__")
        shutil.copytree(BUNDLE, folder, ignore=ignored)
        write(folder, variables, tables)
        yield folder


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def planted(folder: Path) -> None:
        text = (folder / file).read_text()
        if text.count(old) != 1:
            sys.exit(
                f"the fault {old!r} → {new!r} can't be planted: it is {text.count(old)} times in "
                f"databricks/{file}"
            )
        (folder / file).write_text(text.replace(old, new))

    return planted


def tables_in_the_configuration(folder: Path) -> None:
    """As it was: the schema files as text in a setting, which Spark hides if a column is called
    refresh_token."""
    text = (folder / "src" / "tables" / "prod.json").read_text()
    edit(
        PIPELINE,
        "dynalake.tables: tables/${bundle.target}.json",
        "dynalake.tables: " + json.dumps(text.replace('"orders"', '"tokens"', 1)),
    )(folder)


def overridden(change: Callable[[dict], dict]) -> Callable[[Path], None]:
    """Changes what prod's variables are filled with."""

    def planted(folder: Path) -> None:
        file = folder / overrides("prod")
        file.write_text(json.dumps(change(json.loads(file.read_text()))))

    return planted


def without(variable: str) -> Callable[[Path], None]:
    return overridden(
        lambda given: {name: value for name, value in given.items() if name != variable}
    )


def beside(variable: str, value: object) -> Callable[[Path], None]:
    return overridden(lambda given: given | {variable: value})


TARGETS = ("dev", "prod", "hourly")
# Lists as the README has them.
INFORMED = {
    "alert_subscriptions": [{"user_email": "on-call@example.com"}],
    "notifications": [
        {
            "email_recipients": ["on-call@example.com"],
            "alerts": ["on-update-fatal-failure", "on-flow-failure"],
        }
    ],
    "permissions": [{"group_name": "data", "level": "CAN_VIEW"}],
}
MAIN, STORAGE, PIPELINE = "databricks.yml", "resources/storage.yml", "resources/pipeline.yml"


def first(file: str, old: str, new: str) -> Callable[[Path], None]:
    """What several targets have: in prod, the first."""

    def planted(folder: Path) -> None:
        text = (folder / file).read_text()
        (folder / file).write_text(text.replace(old, new, 1))

    return planted


def unkept(kind: str) -> Callable[[Path], None]:
    """Takes prevent_destroy out of one kind of resource in prod."""

    def planted(folder: Path) -> None:
        file = folder / MAIN
        whole = yaml.safe_load(file.read_text())
        for resource in whole["targets"]["prod"]["resources"][kind].values():
            del resource["lifecycle"]
        file.write_text(yaml.safe_dump(whole))

    return planted


def scheduled(alert: str) -> Callable[[Path], None]:
    """Gives an alert of hourly the schedule that prod's have."""

    def planted(folder: Path) -> None:
        file = folder / MAIN
        whole = yaml.safe_load(file.read_text())
        alerts = {of: whole["targets"][of]["resources"]["alerts"] for of in SCHEDULES}
        alerts["hourly"][alert]["schedule"] = alerts["prod"][alert]["schedule"]
        file.write_text(yaml.safe_dump(whole))

    return planted


# What is planted, and what has to be said of it.
FAULTS = {
    "a misspelt key of the pipeline": (
        edit(PIPELINE, "serverless:", "serverlesss:"),
        "serverlesss",
    ),
    "a misspelt key of a library": (edit(PIPELINE, "- file:", "- fiel:"), "fiel"),
    "a misspelt key of the queue": (edit(STORAGE, "provided_sqs:", "provided_sq:"), "provided_sq"),
    "a misspelt key of the location": (edit(STORAGE, "read_only:", "readonly:"), "readonly"),
    "a misspelt key of the volume": (
        edit(STORAGE, "storage_location:", "storage_locaton:"),
        "storage_locaton",
    ),
    "a misspelt key of a schema": (
        edit(STORAGE, "      name: ${var.schema}\n", "      nam: ${var.schema}\n"),
        "schemas.dynalake",
    ),
    "a misspelt key of the bundle": (edit(MAIN, "\ninclude:", "\nincludes:"), "includes"),
    "a misspelt key of a variable": (edit(MAIN, "default: main", "defualt: main"), "defualt"),
    "a misspelt key of a target": (first(MAIN, "mode: production", "mod: production"), "mod"),
    "a misspelt key in a target's pipeline": (
        edit(MAIN, "continuous: true", "continous: true"),
        "continous",
    ),
    "a misspelt resource in a target": (
        first(MAIN, "      pipelines:\n        dynalake:", "      pipelines:\n        dynlake:"),
        "pipelines.dynlake",
    ),
    "a misspelt kind of resource": (edit(STORAGE, "volumes:", "volume:"), "volume"),
    "a key that is declared twice": (
        edit(PIPELINE, "serverless: true", "serverless: true\n      serverless: false"),
        "declared twice",
    ),
    "a number for a bool": (
        edit(PIPELINE, "serverless: true", "serverless: 5"),
        "pipelines.dynalake",
    ),
    "a text for a list": (
        edit(
            PIPELINE,
            "libraries:\n        - file:\n            path: ../src/dynalake_pipeline.py",
            "libraries: 5",
        ),
        "pipelines.dynalake",
    ),
    "a number for a text": (
        edit(STORAGE, "name: changes\n      catalog", "name: 5\n      catalog"),
        "volumes.changes",
    ),
    "a type of volume that there isn't": (edit(STORAGE, "EXTERNAL", "EXTERNALLY"), "EXTERNALLY"),
    **{
        f"no value for {name}": (without(name), f"{name} has no value")
        for name in ("name", "url", "queue_url", "health_query")
    },
    "a variable that nobody declared": (beside("queue", "x"), "queue, which no variable"),
    "a list for a text": (beside("health_query", []), "health_query should be a text"),
    "a text for a list of variables": (
        beside("notifications", "on-call@example.com"),
        "notifications should be a list",
    ),
    "a misspelt key of a notification": (
        beside("notifications", [{"email_recipient": ["a@example.com"]}]),
        "email_recipient",
    ),
    "a level of permission that there isn't": (
        beside("permissions", [{"group_name": "data", "level": "CAN_SEE"}]),
        "CAN_SEE",
    ),
    "a reference to no variable": (edit(PIPELINE, "${var.name}", "${var.nmae}"), "var.nmae"),
    "a reference to no resource": (
        edit(STORAGE, "${resources.schemas.dynalake.name}", "${resources.schemas.lake.name}"),
        "resources.schemas.lake.name",
    ),
    "a variable that refers to itself": (beside("url", "${var.url}"), "refers to itself"),
    "a variable that isn't used": (
        edit(PIPELINE, "${var.widen_types}", "x"),
        "var.widen_types isn't used",
    ),
    "a file that isn't there": (edit(PIPELINE, "path: ../src/", "path: ../source/"), "../source/"),
    "a location that isn't read-only": (
        edit(STORAGE, "read_only: true", "read_only: false"),
        "read-only",
    ),
    "a misspelt key of the configuration": (
        edit(PIPELINE, "dynalake.tables:", "dynalake.table:"),
        "the pipeline reads",
    ),
    "schema files in the configuration": (tables_in_the_configuration, "spark.redaction.regex"),
    "a volume whose schema Spark hides": (
        edit(MAIN, "    default: dynalake\n", "    default: tokens\n"),
        "spark.redaction.regex",
    ),
    "a file of tables that isn't synced": (
        edit(MAIN, "  include:\n    - src/tables/*.json\n", ""),
        "the file of tables is synced",
    ),
    "a file of tables that isn't there": (
        edit(PIPELINE, "tables/${bundle.target}.json", "tables.json"),
        "there is no such file",
    ),
    **{
        f"{kind} that a deploy may destroy": (unkept(kind), f"{kind}.{name} can't be destroyed")
        for kind, name in KEPT
    },
    "a pipeline that takes its tables along": (
        first(MAIN, "          cascade_on_destroy: false\n", ""),
        "leaves its tables",
    ),
    "an event log of its own only": (
        edit(PIPELINE, "name: dynalake_event_log", "name: events"),
        "the event log is published",
    ),
    "an alert that asks for no column": (
        edit(MAIN, "name: in_quarantine", "name: quarantine"),
        "the alert quarantine asks for a column",
    ),
    "an alert on another schema": (
        edit(MAIN, "`.`${resources.schemas.dynalake.name}`", "`.`dynalake_2`"),
        "the alert freshness asks",
    ),
    **{
        f"{name} that hourly asks every quarter of an hour": (
            scheduled(name),
            f"the alert {name} asks at {SCHEDULES['hourly']}",
        )
        for name in ("freshness", "quarantine", "rescued")
    },
    "a misspelt key of an alert": (
        first(MAIN, "empty_result_state: OK", "empty_result: OK"),
        "empty_result",
    ),
    "a misspelt lookup": (first(MAIN, "        lookup:\n", "        look_up:\n"), "look_up"),
    "a queue of Databricks' own": (
        edit(
            STORAGE,
            "provided_sqs:\n          queue_url: ${var.queue_url}",
            "managed_sqs:\n          queue_url: ${var.queue_url}",
        ),
        "provided queue",
    ),
}


def check_faults(variables: dict, tables: list, prefixes: dict) -> None:
    for name, (plant, words) in FAULTS.items():
        with copied(variables, tables) as folder:
            plant(folder)
            try:
                for target in ("prod", "hourly"):
                    check_meaning(Bundle(folder, target), variables, prefixes)
            except Invalid as error:
                if words not in str(error):
                    sys.exit(f"{name} was found, but said to be: {error}")
            else:
                sys.exit(f"{name} was not found")
    print(f"faults: {len(FAULTS)} planted, each found")


def budget_policy() -> dict:
    """What docs/databricks-scheduled.md says to add to a target that needs one."""
    page = (ROOT / "docs" / "databricks-scheduled.md").read_text()
    section = page.split("\n## A budget policy\n", 1)[1].split("\n## ", 1)[0]
    [block] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    added: dict = yaml.load(block, Loader)["resources"]
    return added


def with_budget_policy(folder: Path) -> None:
    file = folder / MAIN
    whole = yaml.safe_load(file.read_text())
    for target in ("prod", "hourly"):
        resources = whole["targets"][target]["resources"]
        added = {kind: named for kind, named in budget_policy().items() if kind in resources}
        whole["targets"][target]["resources"] = merge(resources, added)
    file.write_text(yaml.safe_dump(whole))


def policies(resources: dict) -> set:
    """The budget policies of all that computes."""
    computing = [*resources["pipelines"].values(), *resources.get("jobs", {}).values()]
    return {resource.get("budget_policy_id") for resource in computing}


def hidden(several: dict) -> tuple:
    """The same with a table whose name, folder, columns, paths and comments have each word that
    Spark hides."""
    orders = next(table for table in several["databricks_tables"] if table["name"] == "orders")
    columns = [
        {
            "name": "refresh_token",
            "type": "string",
            "comment": "token, accessKey, secret or password",
        },
        {"name": "password_hash", "type": "string", "protect": "sha256"},
        {"name": "secret", "type": "string", "protect": "drop"},
        {"name": "key_id", "type": "string", "path": ["auth", "accessKey"]},
    ]
    schema = {
        **orders["schema"],
        "table": "AccessKeyTokens",
        "columns": orders["schema"]["columns"] + columns,
    }
    tokens = {
        **orders,
        "name": "accesskey_tokens",
        "location": "secret/passwords/accessKey",
        "schema": schema,
    }
    variables = dict(several["databricks_bundle_variables"])
    variables["health_query"] = variables["health_query"].replace("`orders_", "`accesskey_tokens_")
    tables = [tokens if table is orders else table for table in several["databricks_tables"]]
    prefixes = {name: url for name, url in several["locations"].items() if name != "orders"}
    prefixes["accesskey_tokens"] = several["locations"]["orders"].replace(
        "/orders/", "/secret/passwords/accessKey/"
    )
    return variables, tables, prefixes


def main() -> int:
    one = outputs(ROOT / "terraform", "the_bundle_gets_its_variables")
    several = outputs(
        ROOT / "terraform" / "examples" / "several-tables", "one_pipeline_for_all_tables"
    )
    cases = {
        "one table": (
            one["databricks_bundle_variables"],
            one["databricks_tables"],
            {one["glue_table"]: one["location"]},
        ),
        "several tables": (
            several["databricks_bundle_variables"],
            several["databricks_tables"],
            several["locations"],
        ),
        "a table whose names Spark hides": hidden(several),
    }
    for name, (variables, tables, prefixes) in cases.items():
        with copied(variables, tables) as folder:
            for target in TARGETS:
                bundle = Bundle(folder, target)
                check_meaning(bundle, variables, prefixes)
                expect(
                    f"{target} has no budget policy unless someone adds it",
                    policies(bundle.checked()) == {None},
                )
                print(f"{name}, target {target}: valid", flush=True)
            write(folder, variables | INFORMED, tables)
            with_budget_policy(folder)
            for target in ("prod", "hourly"):
                informing = Bundle(folder, target)
                check_meaning(informing, variables, prefixes)
                resources = informing.checked()
                pipeline, alerts = resources["pipelines"]["dynalake"], resources["alerts"]
                expect(
                    f"{target}'s pipeline mails and shows itself to those who are named",
                    {key: pipeline[key] for key in ("notifications", "permissions")}
                    == {key: INFORMED[key] for key in ("notifications", "permissions")},
                )
                expect(
                    f"{target}'s alerts inform those who are named",
                    all(
                        alert["evaluation"]["notification"]["subscriptions"]
                        == INFORMED["alert_subscriptions"]
                        for alert in alerts.values()
                    ),
                )
                wanted = budget_policy()["pipelines"]["dynalake"]["budget_policy_id"]
                expect(
                    f"{target}'s pipeline and job have their budget policy",
                    policies(informing.checked()) == {wanted},
                )
    check_faults(*cases["several tables"])
    check_queries()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(process.main(".ci/bundle.py", main))
    except Invalid as error:
        sys.exit(f"databricks: {error}")
