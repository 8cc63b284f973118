"""An answer that was lost on its way is given again.

Terraform's provider makes a call again where the connection broke before it had the answer. An
apply failed in CI as a role that it had just asked for was there already. The SDKs send the same
`amz-sdk-invocation-id` with each attempt at one call, so a second attempt is known, and gets the
answer of the first.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]

# So many calls are remembered. An attempt follows the one before within seconds.
REMEMBERED = 200


def _log(text: str) -> None:
    # At once: the emulator is killed at the end, and what is held back would be lost.
    print(text, flush=True)


def once(app: App, say: Callable[[str], None] = _log) -> App:
    """The application, for which each call happens once however often it is attempted."""
    answers: OrderedDict[bytes, asyncio.Future[list[Message]]] = OrderedDict()

    async def wrapped(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Send
    ) -> None:
        call = dict(scope.get("headers", [])).get(b"amz-sdk-invocation-id")
        if scope["type"] != "http" or scope["method"] == "GET" or call is None:
            return await app(scope, receive, send)
        if call in answers:
            messages = await asyncio.shield(answers[call])
            if _is_done(messages):
                say(f"{scope['method']} {scope['path']}: attempted again, same answer")
                for message in messages:
                    await send(message)
                return None
        answer = answers[call] = asyncio.get_running_loop().create_future()
        while len(answers) > REMEMBERED:
            answers.popitem(last=False)
        said: list[Message] = []
        listens = True

        async def remember(message: Message) -> None:
            nonlocal listens
            said.append(dict(message))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answer.set_result(said)
            if listens:
                try:
                    await send(message)
                except OSError:
                    # The connection is gone. The call is made all the same.
                    listens = False

        try:
            await app(scope, receive, remember)
        finally:
            if not answer.done():
                answer.set_result([])
        return None

    return wrapped


def _is_done(messages: list[Message]) -> bool:
    """Whether the first attempt did what it was asked for; else the next one has to."""
    return bool(messages) and 200 <= messages[0]["status"] < 300
