"""The job, run as users run it: by spark-submit, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from databricks.tests.parquet.engines import CONF
from dynalake_dev import process, spark
from dynalake_dev.machine import ROOT

from . import faults

SCRIPT = ROOT / "spark" / "dynalake_job.py"
FAULTY = ROOT / "spark" / "tests" / "faults.py"
WORK = ROOT / "target" / "spark"
# A task fails once by a fault of its own, and others with an executor.
LOCAL, ATTEMPTS, CLUSTER = "local[2]", "local[2,4]", "local-cluster[2,1,1024]"


@dataclass
class Lake:
    """Where one job writes."""

    folder: Path
    schema: Path
    program: Path
    said: list[str] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def rejected(self) -> Path:
        return self.folder / "rejected"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def faults(self) -> Path:
        return self.folder / "faults"

    def ended(self, fault: str) -> int | None:
        """The code with which the program ended under a fault; none if there was no such fault."""
        found = [int(path.name.split()[-1]) for path in self.faults.glob(f"ended {fault} *")]
        return found[0] if found else None

    def stream(self, records: Path, *, accept: Sequence[int] = (0,), **how: object) -> int:
        words = ["--mode", "stream", "--records", str(records)]
        words += ["--checkpoint", str(self.checkpoint)]
        return self.run(words, accept, **how)  # type: ignore[arg-type]

    def export(self, export: Path, *, accept: Sequence[int] = (0,), **how: object) -> int:
        return self.run(["--mode", "export", "--export", str(export)], accept, **how)  # type: ignore[arg-type]

    def run(
        self,
        words: list[str],
        accept: Sequence[int],
        master: str = LOCAL,
        in_turn: Sequence[str] | None = None,
        script: Path = SCRIPT,
    ) -> int:
        """Runs the job to its end. `in_turn`: faults, each of which happens once."""
        home = spark.home(Path(sys.prefix))
        around = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = {**spark.environment(home, around), "PYSPARK_PYTHON": sys.executable}
        # As in a cluster, where tasks import nothing of the tests.
        environment.pop("PYTHONPATH", None)
        program = self.program
        if in_turn is not None:
            shutil.rmtree(self.faults, ignore_errors=True)
            self.faults.mkdir(parents=True)
            program = FAULTY
            environment.update(
                {
                    faults.PROGRAM: str(self.program),
                    faults.FOLDER: str(self.faults),
                    faults.FAULTS: json.dumps(in_turn),
                }
            )
        conf = {
            **CONF,
            "spark.local.dir": str(self.folder / "local"),
            "spark.driver.memory": "1g",
            "spark.executor.memory": "512m",
            "spark.executor.extraJavaOptions": CONF["spark.driver.extraJavaOptions"],
        }
        job = [str(script), "--dynalake", str(program), "--schema", str(self.schema), *words]
        job += ["--out", str(self.out), "--rejected", str(self.rejected)]
        command = spark.submit(home, master, conf, *job)
        self.said = []
        log = self.folder / "spark.log"
        try:
            return process.run(command, log, environment, self.said.append, accept, append=True)
        finally:
            # Executors of a local cluster have their folders there.
            shutil.rmtree(home / "work", ignore_errors=True)

    def batches(self) -> list[int]:
        """The numbers of the batches that the last run has said to be done."""
        found = (re.match(r"dynalake_job: batch (\d+):", line) for line in self.said)
        return [int(each[1]) for each in found if each]


def new_lake(name: str, schema: dict, program: Path) -> Lake:
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "orders.schema.json"
    path.write_text(json.dumps(schema))
    return Lake(folder, path, program)
