"""A gateway on a free port of loopback, and what process makes of what it took."""

import socket
import threading
from collections.abc import Sequence
from contextlib import contextmanager

import msgspec
import uvicorn

from datafly.ingest import GatewaySettings, create_gateway, server_config
from datafly.log.base import Entry
from datafly.model.event import Event, Received
from datafly.model.installation import Pipeline
from datafly.process import Context, Memory, process_one
from datafly.runtime.clock import SystemClock

KEY = "dk_test_1"
PIPELINES = {KEY: Pipeline("pip_1", "Default", "default", KEY)}


class Gateway:
    """`lost`: so many answers to posts are still to be turned into a 503 on their way: the events were taken."""

    def __init__(self, port: int, lost: int) -> None:
        self.url, self.key = f"http://127.0.0.1:{port}", KEY
        self.news = threading.Condition()
        self._entries: list[Entry] = []
        self._lost = lost
        self._app = create_gateway(
            GatewaySettings(), append=self._append, pipelines=lambda: PIPELINES, clock=SystemClock(), ready=lambda: None
        )

    async def _append(self, entries: Sequence[Entry], /) -> int:
        with self.news:
            self._entries.extend(entries)
            self.news.notify_all()
        return len(self._entries)

    async def __call__(self, scope, receive, send) -> None:
        loses = scope["method"] == "POST" and self._lost > 0
        self._lost -= loses
        await self._app(scope, receive, _losing(send) if loses else send)

    @property
    def received(self) -> list[Received]:
        return [msgspec.json.decode(entry.value, type=Received) for entry in list(self._entries)]

    @property
    def events(self) -> list[Event]:
        """In order, each once."""
        memory, context = Memory(), Context(pipelines={"pip_1": PIPELINES[KEY]})
        outcomes = [process_one(received, context, memory) for received in self.received]
        return [outcome for outcome in outcomes if isinstance(outcome, Event)]


def _losing(send):
    async def losing(message):
        await send(message | ({"status": 503} if "status" in message else {}))

    return losing


@contextmanager
def gateway(*, lost: int = 0):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        it = Gateway(bound.getsockname()[1], lost)
        server = uvicorn.Server(server_config(it))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield it
        finally:
            server.should_exit = True
            thread.join()
