"""The AWS emulator: started on a free port, reached by boto3, stopped with all its children."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from . import process
from .machine import REGION, clean_environment
from .process import ToolError

MODULE = "dynalake_dev.emulator_process"
FIRST_PORT, LAST_PORT = 4630, 4699


@dataclass
class Emulator:
    """A running emulator. `process` is None if an earlier program started it."""

    work: Path
    port: int
    pid: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.work / "emulator.log"

    @property
    def scratch(self) -> Path:
        """Where it unpacks the function and makes its Parquet files; removed when it is stopped."""
        return self.work / "emulator"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        """A boto3 client that asks once: a retry would put records into the stream twice."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"total_max_attempts": 1},
                read_timeout=120,
                s3={"addressing_style": "path"},
                proxies={},
            ),
        )

    def is_running(self) -> bool:
        return process.is_running(self.pid, MODULE)

    def stop(self) -> None:
        if self.process is not None:
            process.stop(self.process)
            if self.process.stdin is not None:
                self.process.stdin.close()
        else:
            process.stop_by_id(self.pid, MODULE)
        shutil.rmtree(self.scratch, ignore_errors=True)


def start(work: Path, owned: bool) -> Emulator:
    """Starts the emulator in the folder `work` and waits until it answers. If `owned`, it ends when
    this process does."""
    emulator = Emulator(work, _free_port(), 0)
    shutil.rmtree(emulator.scratch, ignore_errors=True)
    emulator.scratch.mkdir(parents=True)
    settings = clean_environment()
    settings.update(
        GATEWAY_PORT=str(emulator.port),
        BIND_HOST="127.0.0.1",
        MINISTACK_HOST="127.0.0.1",
        MINISTACK_REGION=REGION,
        LAMBDA_EXECUTOR="local",
        # Functions have the emulator's environment too: this is where the direct one finds S3.
        AWS_ENDPOINT_URL_S3=emulator.endpoint,
        TMPDIR=str(emulator.scratch),
    )
    command = [sys.executable, "-m", MODULE] + (["--owned"] if owned else [])
    with open(emulator.log, "w") as log:
        emulator.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=settings,
            cwd=emulator.scratch,
            start_new_session=True,
        )
    emulator.pid = emulator.process.pid
    try:
        _wait_until_up(emulator)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def _wait_until_up(emulator: Emulator, seconds: float = 60.0) -> None:
    assert emulator.process is not None
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
    last = "\n".join(emulator.log.read_text(errors="replace").splitlines()[-15:])
    raise ToolError(f"the emulator did not come up; see {emulator.log}:\n{last}")


def _free_port() -> int:
    for port in range(FIRST_PORT, LAST_PORT + 1):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ToolError(f"no free port from {FIRST_PORT} to {LAST_PORT} on 127.0.0.1")
