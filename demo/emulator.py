"""The AWS emulator: started on a free port, reached by boto3, stopped with all its children."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import boto3
from botocore.config import Config

import environment
import processes
from processes import Refused

REGION = "eu-central-1"
PROGRAM = environment.DEMO / "emulator_process.py"
LOG = environment.WORK / "emulator.log"
# The emulator unpacks the function and makes its Parquet files in a folder that is removed with it.
SCRATCH = environment.WORK / "emulator"
FIRST_PORT, LAST_PORT = 4630, 4699


@dataclass
class Emulator:
    """A running emulator. `process` is None where an earlier run of the demo started it."""

    port: int
    pid: int
    process: Optional[subprocess.Popen] = None

    @property
    def endpoint(self) -> str:
        return "http://127.0.0.1:{}".format(self.port)

    def client(self, service: str) -> Any:
        """A boto3 client that asks once: a retry would put records into the stream twice."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"total_max_attempts": 1}, read_timeout=120, s3={"addressing_style": "path"}, proxies={}
            ),
        )

    def is_running(self) -> bool:
        return processes.is_running(self.pid, str(PROGRAM))

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process)
            if self.process.stdin is not None:
                self.process.stdin.close()
        else:
            processes.stop_by_id(self.pid, str(PROGRAM))
        shutil.rmtree(SCRATCH, ignore_errors=True)


def start(owned: bool) -> Emulator:
    """Starts the emulator and waits until it answers. Where `owned`, it ends when this process does."""
    port = _free_port()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    settings = environment.clean_environment()
    settings.update(
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        MINISTACK_HOST="127.0.0.1",
        MINISTACK_REGION=REGION,
        LAMBDA_EXECUTOR="local",
        TMPDIR=str(SCRATCH),
    )
    command = [str(environment.PYTHON), str(PROGRAM)] + (["--owned"] if owned else [])
    with open(LOG, "w") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=settings,
            cwd=SCRATCH,
            start_new_session=True,
        )
    emulator = Emulator(port, process.pid, process)
    try:
        _wait_until_up(emulator)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def _wait_until_up(emulator: Emulator, seconds: float = 60.0) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if emulator.process.poll() is not None:
            break
        try:
            with opener.open(emulator.endpoint + "/_ministack/health", timeout=2) as answer:
                if json.load(answer).get("services"):
                    return
        except (OSError, ValueError):
            time.sleep(0.1)
    raise Refused("the emulator did not come up; see {}:\n{}".format(
        LOG, "\n".join(LOG.read_text(errors="replace").splitlines()[-15:])))


def _free_port() -> int:
    for port in range(FIRST_PORT, LAST_PORT + 1):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Refused("no free port from {} to {} on 127.0.0.1".format(FIRST_PORT, LAST_PORT))
