"""Lambda's Runtime API on loopback, for one function that takes one event at a time.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

# How long anything may take. Nothing waits for it unless something is broken.
PATIENCE_SECONDS = 60
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:function"


class RuntimeApi:
    """Starts a function and hands it events. `first_poll_ms` is the time from its exec to its first
    poll."""

    def __init__(self, command: list[str], settings: dict[str, str]) -> None:
        self.name = Path(command[0]).name
        self.listener = socket.create_server(("127.0.0.1", 0))
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.listener.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "function",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            **settings,
        }
        self.log = tempfile.TemporaryFile()
        self.peers: dict[socket.socket, BinaryIO] = {}
        self.invocations = 0
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        try:
            # The first request is the first poll, and stays unanswered until there is an event.
            self._receive("GET /2018-06-01/runtime/invocation/next")
        except BaseException:
            self.close()
            raise
        self.first_poll_ms = self.age_ms()

    def __enter__(self) -> RuntimeApi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def age_ms(self) -> float:
        """Since the function's exec."""
        return (time.perf_counter() - self.started) * 1000

    def invoke(self, event: bytes) -> bytes:
        """Hands over an event and waits for the answer."""
        self.invocations += 1
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"request-{self.invocations}",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 1000 * PATIENCE_SECONDS),
            "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            "Content-Type": "application/json",
        }
        self._send("200 OK", headers, event)
        return self._receive(
            f"POST /2018-06-01/runtime/invocation/request-{self.invocations}/response"
        )

    def await_poll(self) -> None:
        """Takes the answer, and waits for the function to ask for the next event."""
        self._send("202 Accepted", {}, b'{"status":"OK"}')
        self._receive("GET /2018-06-01/runtime/invocation/next")

    def peak_kib(self) -> int:
        """The most memory that was resident so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(
            next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
        )

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for peer, reader in self.peers.items():
            reader.close()
            peer.close()
        self.listener.close()
        self.log.close()

    def _fail(self, message: str) -> None:
        self.log.seek(0)
        sys.exit(f"{self.name}: {message}\n{self.log.read().decode(errors='replace')[-2000:]}")

    def _receive(self, expected: str) -> bytes:
        """One request, on whichever connection it comes; its body."""
        while True:
            ready, _, _ = select.select([self.listener, *self.peers], [], [], PATIENCE_SECONDS)
            if not ready:
                self._fail(f"no {expected} within {PATIENCE_SECONDS} s")
            if ready[0] is self.listener:
                peer = self.listener.accept()[0]
                peer.settimeout(PATIENCE_SECONDS)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.peers[peer] = peer.makefile("rb")
                continue
            self.peer = ready[0]
            self.reader = self.peers[self.peer]
            line = self.reader.readline().decode().rstrip()
            if line:
                break
            del self.peers[self.peer]
            if self.process.poll() is not None:
                self._fail(f"it ended, exit code {self.process.returncode}")
        length, chunked = 0, False
        while header := self.reader.readline().decode().strip().lower():
            name, _, value = header.partition(":")
            length = int(value) if name == "content-length" else length
            chunked |= name == "transfer-encoding" and "chunked" in value
        if chunked:
            parts = []
            while size := int(self.reader.readline(), 16):
                parts.append(self.reader.read(size))
                self.reader.readline()
            self.reader.readline()
            body = b"".join(parts)
        else:
            body = self.reader.read(length)
        if not line.startswith(expected):
            self._fail(f"expected {expected}, got {line}: {body[:500]!r}")
        return body

    def _send(self, status: str, headers: dict[str, str], body: bytes = b"") -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        self.peer.sendall(head.encode() + body)
