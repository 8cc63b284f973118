"""Open-source Spark as a server, and the shipped pipeline's updates on it.

The server is one Java process for all tests; the tables of the connector live in it. An update is
what the command `spark-pipelines run` does, by its own function.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from pyspark.pipelines import cli
from pyspark.sql import SparkSession

from dynalake_dev import process, spark
from dynalake_dev.console import say
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError

from . import tools

PIPELINE = ROOT / "databricks" / "src" / "dynalake_pipeline.py"
LOG = tools.WORK / "spark.log"
UPDATES_LOG = tools.WORK / "updates.log"
CATALOG = "memory"
# What Spark adds to a target of AUTO CDC.
ENGINES_COLUMNS = ["__spark_autocdc_metadata"]

# For two cores and small tables. A file is a task of its own, and so a chunk of the change log; two
# chunks are a micro-batch. So an update has several batches.
CONF = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    # Compiling the plans' code would take most of the time.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.session.timeZone": "UTC",
    # What Auto Loader's documentation names as its defaults: the pipeline has to ask for the other.
    "spark.sql.parquet.datetimeRebaseModeInRead": "LEGACY",
    "spark.sql.parquet.int96RebaseModeInRead": "LEGACY",
    "spark.sql.files.openCostInBytes": "128m",
    "spark.sql.catalog.memory": "dynalake.connector.MemoryCatalog",
    "spark.sql.catalog.memory.chunks_per_batch": "2",
    "spark.connect.grpc.binding.address": "127.0.0.1",
}


class Spark:
    def __enter__(self) -> Spark:
        home, port = spark.home(Path(sys.prefix)), _free_port()
        folder = tools.WORK / "spark"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        conf = {
            **CONF,
            "spark.connect.grpc.binding.port": str(port),
            "spark.jars": str(tools.CONNECTOR),
            "spark.local.dir": str(folder / "local"),
        }
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        words = [
            "--class",
            server,
            "--driver-memory",
            "3g",
            # The first compiler only: nothing here runs long enough for the second to pay.
            "--driver-java-options",
            "-XX:TieredStopAtLevel=1",
            "spark-internal",
        ]
        with open(LOG, "w") as log:
            self.process = subprocess.Popen(
                spark.submit(home, "local[2]", conf, *words),
                cwd=folder,
                env=spark.environment(home, os.environ),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.stopping = False
        try:
            self._wait_until_up(port)
            os.environ["SPARK_REMOTE"] = f"sc://127.0.0.1:{port}"
            self.sql("SELECT 1")
        except BaseException:
            self.__exit__()
            raise
        threading.Thread(target=self._watch, daemon=True).start()
        UPDATES_LOG.write_text("")
        return self

    def __exit__(self, *error: Any) -> None:
        self.stopping = True
        process.stop(self.process)

    def _watch(self) -> None:
        """Ends the tests with the server: the client would try again and again."""
        self.process.wait()
        if not self.stopping:
            say(f"\ndatabricks/tests: Spark has ended; see {LOG}")
            os._exit(1)

    def _wait_until_up(self, port: int, seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        last = "\n".join(LOG.read_text().splitlines()[-15:])
        raise ToolError(f"Spark did not come up; see {LOG}:\n{last}")

    def sql(self, statement: str) -> pa.Table:
        """In a session of its own: an update would take over an open one, with all that was set in
        it."""
        session = SparkSession.builder.create()
        try:
            return session.sql(statement).toArrow()
        finally:
            session.stop()


class Pipeline:
    """A pipeline with a schema and a folder of its own."""

    def __init__(self, spark: Spark, name: str, files: Sequence[Path] = (PIPELINE,)) -> None:
        self.spark, self.name = spark, name
        self.folder = tools.WORK / "pipelines" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.code = self.folder / "src"
        self.code.mkdir(parents=True)
        for path in files:
            shutil.copy(path, self.code)
        spark.sql(f"CREATE SCHEMA {CATALOG}.{name}")

    def configuration(
        self, tables: Any, file: str = "tables.json", **settings: str
    ) -> dict[str, str]:
        """The settings for these tables, whose file is put beside the pipeline's, as the bundle
        syncs it."""
        text = tables if isinstance(tables, str) else json.dumps(tables)
        (self.code / file).write_text(text)
        settings = {"source": "parquet", "tables": file, **settings}
        return {"dynalake." + name: value for name, value in settings.items()}

    def update(self, configuration: dict[str, str]) -> None:
        """Runs until all that is there is processed. Raises what the pipeline's file raises, or
        Spark."""
        spec = self.folder / "spark-pipeline.yml"
        spec.write_text(
            yaml.safe_dump(
                {
                    "name": self.name,
                    "storage": (self.folder / "storage").as_uri(),
                    "catalog": CATALOG,
                    "database": self.name,
                    "configuration": configuration,
                    "libraries": [
                        {"glob": {"include": "src/" + file.name}}
                        for file in sorted(self.code.glob("*.py"))
                    ],
                }
            )
        )
        with (
            open(UPDATES_LOG, "a") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log),
        ):
            cli.run(spec_path=spec, full_refresh=[], full_refresh_all=False, refresh=[], dry=False)

    def table(self, name: str, columns: str = "*") -> pa.Table:
        return self.spark.sql(f"SELECT {columns} FROM {CATALOG}.{self.name}.{name}")

    def tables(self) -> list[str]:
        return (
            self.spark.sql(f"SHOW TABLES IN {CATALOG}.{self.name}").column("tableName").to_pylist()
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
