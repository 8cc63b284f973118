#!/usr/bin/env python3
"""`dynalake` with faults: the job's tasks start this program, which starts the real one.

Each of the first calls takes one fault of the environment's list, so that each happens once; a name
that was given before gets none, as Spark gives a task up after some attempts. What was done is in
files of a folder, for the tests to see.

    cut           the input ends after some kilobytes
    child         the program is killed while it works
    worker        Spark's Python worker is killed while it works; the program goes on, and writes
                  what the next attempt writes too
    worker-after  the same, when all files of the task have their names
    java          so is its Java process, once the batch's other task is done: of local[2] that is
                  the whole job, of local-cluster an executor
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM, FOLDER, FAULTS = "FAULTS_PROGRAM", "FAULTS_FOLDER", "FAULTS_IN_TURN"
CUT_BYTES = 64 << 10
WORKS_SECONDS = 0.03
WAITS_SECONDS = 20.0


def take(folder: Path, name: str) -> bool:
    """Whether nobody has taken this name before."""
    try:
        os.close(os.open(folder / name, os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def value_of(option: str) -> str:
    return sys.argv[sys.argv.index(option) + 1].rpartition("/")[2]


def kill_java() -> None:
    """The nearest Java process above this one, with the Python that it has started: the job's own,
    as if the machine were gone."""
    pid = os.getppid()
    while (Path("/proc") / str(pid) / "comm").read_text().strip() != "java":
        stat = (Path("/proc") / str(pid) / "stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
    started = [
        int(child)
        for file in (Path("/proc") / str(pid) / "task").glob("*/children")
        for child in file.read_text().split()
    ]
    for each in (pid, *started):
        os.kill(each, signal.SIGKILL)


def main() -> int:
    command = [os.environ[PROGRAM], *sys.argv[1:]]
    if sys.argv[1] not in ("transform", "backfill"):
        os.execv(command[0], command)
    folder, faults = Path(os.environ[FOLDER]), json.loads(os.environ[FAULTS])
    name = value_of("--name" if sys.argv[1] == "transform" else "--data-file")
    fault = None
    if take(folder, f"first {name}"):
        fault = next((each for at, each in enumerate(faults) if take(folder, f"{at} {each}")), None)
    if fault == "cut":
        done = subprocess.run(command, input=sys.stdin.buffer.read(CUT_BYTES))
        take(folder, f"ended {fault} {done.returncode}")
        return done.returncode
    if fault in ("child", "worker"):
        child = subprocess.Popen(command, stdin=subprocess.PIPE)
        assert child.stdin is not None
        # It has begun, and the rest of its input is more than the pipe to here holds.
        child.stdin.write(sys.stdin.buffer.read(CUT_BYTES))
        # A data file of these tests is done sooner.
        time.sleep(WORKS_SECONDS if sys.argv[1] == "transform" else 0)
        os.kill(child.pid if fault == "child" else os.getppid(), signal.SIGKILL)
        if fault == "worker":
            shutil.copyfileobj(sys.stdin.buffer, child.stdin)
        child.stdin.close()
    else:
        child = subprocess.Popen(command)
    code = child.wait()
    if fault == "java":
        # All of its name but the partition and the digest.
        others = f"done {name.rsplit('-', 2)[0]}-*"
        until = time.monotonic() + WAITS_SECONDS
        while not list(folder.glob(others)) and time.monotonic() < until:
            time.sleep(0.02)
        kill_java()
    if fault == "worker-after":
        os.kill(os.getppid(), signal.SIGKILL)
    if fault is not None:
        take(folder, f"ended {fault} {code}")
    take(folder, f"done {name}")
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main())
