"""The whole product, started as a user starts it, on ports and a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
JANE = {"email": "jane@example.com", "phone": "+447700900123"}


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait for a condition; fails with its last value."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}; last seen {seen!r}")
        time.sleep(0.05)
    return seen


@dataclass
class Signal:
    """A running `datafly up`, and what a person does with it."""

    folder: Path
    flags: tuple[str, ...] = ("--demo",)
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    process: subprocess.Popen[bytes] | None = None
    token: str = ""
    said: str = ""

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def management(self) -> str:
        return f"http://127.0.0.1:{self.ports[1]}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.ports[2]}"

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("DATAFLY_")}
        names = ("GATEWAY", "MANAGEMENT", "SANDBOX")
        ports = {f"DATAFLY_{name}_PORT": str(port) for name, port in zip(names, self.ports, strict=True)}
        return {**plain, **ports, "DATAFLY_DATA_DIR": str(self.folder / "data"), "DATAFLY_LOG_FORMAT": "json"}

    def start(self) -> None:
        with (self.folder / "out.txt").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "datafly", "up", *self.flags],
                env=self.environment,
                cwd=self.folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._ready, "Signal is up: " + (self.folder / "out.txt").read_text()[-2000:])
        self.said = (self.folder / "out.txt").read_text()
        self.token = self.token or self.run("token", "create", "--name", "test").strip()

    def _ready(self) -> bool:
        assert self.process
        if self.process.poll() is not None:
            pytest.fail("Signal ended: " + (self.folder / "out.txt").read_text()[-4000:])
        urls = [self.gateway, self.management, *([self.sandbox] if "--demo" in self.flags else [])]
        try:
            return all(httpx.get(f"{url}/readyz").status_code == 200 for url in urls)
        except httpx.TransportError:
            return False

    def stop(self) -> float:
        """Ctrl-C; how many seconds it took."""
        assert self.process
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        return time.monotonic() - began

    def kill(self) -> None:
        """kill -9 of the whole tree at once."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def run(self, *words: str, status: int = 0) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "datafly", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == status, ran.stderr
        return ran.stdout

    def api(self, method: str, path: str, body: Any = None, *, expect: int | None = None, **query: Any) -> Any:
        reply = httpx.request(
            method,
            f"{self.management}/v1/admin/{path}",
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        assert expect is None or reply.status_code == expect, reply.text
        return reply.json() if reply.content else None

    def pipeline(self) -> dict[str, Any]:
        return self.api("GET", "pipelines", expect=200)["data"][0]

    def install(self, api_key: str, partner: str = "myco", *, expect: int = 201, **more: Any) -> Any:
        config = {"api_key": api_key, "partner_name": partner, **more}
        body = {"name": "Insider", "variant": "default", "config": config, "delivery_mode": "server_side"}
        return self.api("POST", "integration-catalog/insider/install", body, expect=expect)

    def send(self, *events: dict[str, Any], expect: int = 200) -> None:
        key = self.pipeline()["pipeline_key"]
        reply = httpx.post(
            f"{self.gateway}/v1/batch", json={"batch": list(events)}, headers={"Authorization": f"Bearer {key}"}
        )
        assert reply.status_code == expect, reply.text

    def live(self, **filters: Any) -> list[dict[str, Any]]:
        return self.api("GET", "live-events", expect=200, **filters)["data"]

    def final(self, message_id: str) -> dict[str, Any]:
        """The one delivery of an event, once it is final."""

        def look() -> dict[str, Any] | None:
            found = self.live(message_id=message_id)
            return found[0] if found and found[0]["deliveries"] and not found[0]["pending"] else None

        return until(look, f"{message_id} is final; {json.dumps(self.live(message_id=message_id))[:2000]}")[
            "deliveries"
        ][0]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The sandbox's own controls: faults, keys, what arrived."""
        reply = httpx.request(method, f"{self.sandbox}/insider/_control/{path}", json=body, timeout=30)
        assert reply.status_code < 300, reply.text
        return reply.json() if reply.content else None

    def vendor_key(self, partner: str = "myco") -> str:
        return self.control("POST", "keys", {"partner": partner, "name": "Datafly Signal"})["key"]


@pytest.fixture
def signal_in(tmp_path: Path) -> Iterator[Callable[..., Signal]]:
    """Starts Signals; ends those that still run."""
    started: list[Signal] = []

    def start(*flags: str, folder: Path | None = None) -> Signal:
        one = Signal(folder or tmp_path, flags=flags or ("--demo",))
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        if one.process and one.process.poll() is None:
            one.kill()


@pytest.fixture
def running(signal_in: Callable[..., Signal]) -> Signal:
    return signal_in()


def event(name: str, message_id: str, user_id: str = "user-123", **more: Any) -> dict[str, Any]:
    """A track that may be sent: marketing is granted."""
    return {
        "type": "track",
        "event": name,
        "messageId": message_id,
        "userId": user_id,
        "context": {"consent": {"marketing": True}},
        **more,
    }
