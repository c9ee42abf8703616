"""A vendor on loopback that forgets nothing: every request, what it carried, and whether it was under way at a kill."""

import asyncio
import json
import random
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

Mark = tuple[str, int]
"""A user and the number of one of the user's events."""


@dataclass(eq=False)
class Request:
    """One that arrived whole and was taken. `answered_at` None: its answer was not written yet. `port`: of its sender's
    connection.
    """

    account: str
    at: float
    marks: tuple[Mark, ...]
    answered_at: float | None = None
    port: int = 0


class Sink:
    """`account` is the first part of the path. Now and then it is busy: it answers 503 and takes nothing."""

    def __init__(self, chance: random.Random, *, longest_answer: float = 0.4, busy: float = 0.01):
        self.requests: list[Request] = []
        self.arrived: dict[str, set[Mark]] = {}
        self.port = 0
        self._chance = chance
        self._longest_answer = longest_answer
        self._busy = busy

    async def handle(self, http: web.BaseRequest) -> web.Response:
        body = await http.read()
        if self._chance.random() < self._busy:
            return web.Response(status=503)
        users = json.loads(body)["users"]
        marks = tuple(_marks(users))
        _, port = http.transport.get_extra_info("peername")[:2] if http.transport else ("", 0)
        request = Request(http.path.split("/")[1], time.monotonic(), marks, port=port)
        self.requests.append(request)
        self.arrived.setdefault(request.account, set()).update(marks)
        await asyncio.sleep(self._chance.uniform(0.0, self._longest_answer))
        request.answered_at = time.monotonic()
        return web.json_response({"data": {"successful": {"count": len(users)}, "fail": {}}})

    @asynccontextmanager
    async def serving(self):
        runner = web.ServerRunner(web.Server(self.handle))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()


def _marks(users):
    for user in users:
        for event in user.get("events", ()):
            yield user["identifiers"]["uuid"], event["event_params"]["custom"]["number"]


async def read_what_came(turns: int = 20) -> None:
    """What the dead had sent and nobody has read yet is read: the loop passes all that waits for it."""
    for _ in range(turns):
        await asyncio.sleep(0)
