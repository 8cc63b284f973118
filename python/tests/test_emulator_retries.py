"""Each call to the emulator happens once, however often it is attempted."""

from __future__ import annotations

import asyncio
from typing import Any

from dynalake_dev.emulator_retries import once


class Emulator:
    """An application that counts what it does, behind `once`."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.done = 0
        self.app = once(self._answer, say=lambda text: None)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.done += 1
        number = self.done
        await asyncio.sleep(0)
        status = self.statuses.pop(0) if self.statuses else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"answer %d" % number})

    async def ask(self, call: bytes | None, method: str = "POST", is_lost: bool = False) -> bytes:
        headers = [(b"amz-sdk-invocation-id", call)] if call else []
        scope = {"type": "http", "method": method, "path": "/", "headers": headers}
        heard: list[bytes] = []

        async def send(message: Any) -> None:
            if is_lost:
                raise ConnectionResetError
            heard.append(message.get("body", b""))

        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        await self.app(scope, receive, send)
        return b"".join(heard)


def test_a_lost_answer_is_given_again() -> None:
    async def story() -> tuple[list[bytes], int]:
        emulator = Emulator()
        heard = [await emulator.ask(b"a"), await emulator.ask(b"a"), await emulator.ask(b"b")]
        return heard, emulator.done

    assert asyncio.run(story()) == ([b"answer 1", b"answer 1", b"answer 2"], 2)


def test_an_attempt_beside_the_first_waits_for_its_answer() -> None:
    async def story() -> tuple[list[bytes], int]:
        emulator = Emulator()
        return list(await asyncio.gather(emulator.ask(b"a"), emulator.ask(b"a"))), emulator.done

    assert asyncio.run(story()) == ([b"answer 1", b"answer 1"], 1)


def test_a_failed_attempt_is_made_again() -> None:
    async def story() -> tuple[list[bytes], int]:
        emulator = Emulator(500)
        return [await emulator.ask(b"a"), await emulator.ask(b"a")], emulator.done

    assert asyncio.run(story()) == ([b"answer 1", b"answer 2"], 2)


def test_the_answer_to_a_connection_that_is_gone_is_kept() -> None:
    async def story() -> tuple[list[bytes], int]:
        emulator = Emulator()
        heard = [await emulator.ask(b"a", is_lost=True), await emulator.ask(b"a")]
        return heard, emulator.done

    assert asyncio.run(story()) == ([b"", b"answer 1"], 1)


def test_other_requests_are_not_remembered() -> None:
    async def story() -> int:
        emulator = Emulator()
        for call, method in ((None, "POST"), (None, "POST"), (b"a", "GET"), (b"a", "GET")):
            await emulator.ask(call, method)
        return emulator.done

    assert asyncio.run(story()) == 4
