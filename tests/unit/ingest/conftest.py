"""A real gateway on a free port of loopback, with a log that a test can read and break."""

import socket
import threading
from collections.abc import Iterator, Sequence

import httpx
import msgspec
import pytest
import uvicorn

from datafly.ingest import GatewaySettings, create_gateway, server_config
from datafly.log.base import Entry
from datafly.model.errors import Unavailable
from datafly.model.event import Received
from datafly.model.installation import Pipeline
from datafly.model.refusal import Refusal
from datafly.model.source import Source
from datafly.testing.clock import FakeClock

KEY = "dk_test_1"


class Gate:
    """`entries`: what was appended. `fault`: raised by the next appends. `reason`: why it is not ready."""

    def __init__(self, *, most=5_000, **settings):
        self.clock = FakeClock()
        self.renew()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        told = GatewaySettings(**settings)
        app = create_gateway(
            told,
            append=self.append,
            pipelines=lambda: self.pipelines,
            clock=self.clock,
            ready=lambda: self.reason,
            sources=lambda: self.sources,
            keep_refusal=self.keep,
        )
        self._server = uvicorn.Server(server_config(app, head_seconds=told.body_timeout_seconds, most=most))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        self.http = httpx.Client(base_url=self.url, headers={"user-agent": "test/1"}, trust_env=False, timeout=60)

    def renew(self) -> None:
        """As new, but for the clock and the port."""
        self.entries: list[Entry] = []
        self.appends = 0
        self.refusals: list[Refusal] = []
        self.fault: Exception | None = None
        self.reason: str | None = None
        self.sources: dict[str, Source] = {}
        self.pipelines = {KEY: Pipeline("pip_1", "Default", "default", KEY)}

    async def append(self, entries: Sequence[Entry], /) -> int:
        self.appends += 1
        if self.fault:
            raise self.fault
        self.entries.extend(entries)
        return len(self.entries) - len(entries)

    def keep(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def pipeline(self, **changes) -> Pipeline:
        changed = msgspec.structs.replace(self.pipelines[KEY], **changes)
        self.pipelines = {KEY: changed}
        return changed

    def post(self, path: str, json=None, *, key: str | None = KEY, headers=None, content=None) -> httpx.Response:
        sent = {"authorization": f"Bearer {key}"} if key else {}
        self.http.cookies.clear()
        return self.http.post(path, json=json, content=content, headers=sent | (headers or {}))

    def batch(self, *events, headers=None, **fields) -> httpx.Response:
        return self.post("/v1/batch", {"batch": list(events), **fields}, headers=headers)

    @property
    def received(self) -> list[Received]:
        return [msgspec.json.decode(entry.value, type=Received) for entry in self.entries]

    @property
    def only(self) -> Received:
        (one,) = self.received
        return one

    def fail(self) -> None:
        self.fault = Unavailable("The disk is full.")

    def stop(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope="session")
def gate_type() -> type[Gate]:
    return Gate


@pytest.fixture
def open_gate() -> Iterator:
    gates: list[Gate] = []

    def start(**settings) -> Gate:
        gates.append(Gate(**settings))
        return gates[-1]

    yield start
    for gate in gates:
        gate.stop()


@pytest.fixture(scope="session")
def shared_gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.stop()


@pytest.fixture
def gate(shared_gate) -> Gate:
    """One gateway for all tests that need no settings of their own; what they changed is undone."""
    shared_gate.renew()
    return shared_gate
