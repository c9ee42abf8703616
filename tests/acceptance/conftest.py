"""The whole product, started as a user starts it, on ports and a folder of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from datafly.testing.ports import free_ports

PATIENCE_SECONDS = 120.0
WEB = httpx.Client(verify=False, limits=httpx.Limits(max_keepalive_connections=0), timeout=PATIENCE_SECONDS)
LAST_WORDS = "Ctrl-C stops it; what was acknowledged is kept."


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One word for the whole folder; stories that share a running Signal stay together."""
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        item.add_marker(pytest.mark.acceptance)
        if "shared_signal" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(f"acceptance-{item.path.stem}"))


def until(look: Callable[[], Any], what: str, tell: Callable[[], Any] = lambda: "") -> Any:
    """Wait for a condition; fails with its last value and what `tell` says then."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {PATIENCE_SECONDS:g} s: {what}; last seen {seen!r} {tell()}")
        time.sleep(0.05)
    return seen


@dataclass
class Signal:
    """`datafly up` in a session of its own, and what a person does with it."""

    folder: Path
    flags: tuple[str, ...] = ("--demo",)
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    process: subprocess.Popen[bytes] | None = None
    token: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    """Further settings, by the names of their variables."""
    said: str = ""
    """What was printed since the last start, up to its last words."""

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
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def out(self) -> Path:
        """All that it ever printed."""
        return self.folder / "out.txt"

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("DATAFLY_")}
        names = ("GATEWAY", "MANAGEMENT", "SANDBOX")
        ports = {f"DATAFLY_{name}_PORT": str(port) for name, port in zip(names, self.ports, strict=True)}
        return {**plain, **ports, "DATAFLY_DATA_DIR": str(self.data), "DATAFLY_LOG_FORMAT": "json", **self.variables}

    # --- the process tree -----------------------------------------------------------------------------------------

    def launch(self) -> None:
        """Start, and wait for nothing."""
        self._before = self.out.stat().st_size if self.out.exists() else 0
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "datafly", "up", *self.flags],
                env=self.environment,
                cwd=self.folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> None:
        self.launch()
        until(self._is_ready, "Signal is up", self.out.read_text)
        shown = re.search(r"Bearer (\S+)\"", self.said)
        self.token = self.token or (shown[1] if shown else self.run("token", "create", "--name", "test").strip())

    def _is_ready(self) -> bool:
        assert self.process
        if self.process.poll() is not None:
            pytest.fail("Signal ended: " + self.out.read_text())
        self.said = self.out.read_bytes()[self._before :].decode()
        return LAST_WORDS in self.said

    def interrupt(self) -> tuple[int, float]:
        """Ctrl-C at the terminal: the whole group hears it. The exit status, and how many seconds it took."""
        assert self.process
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS), time.monotonic() - began

    def terminate(self) -> int:
        """As a service manager stops it: the supervisor alone is asked. The exit status."""
        assert self.process
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def answers(self) -> bool:
        """Whether every port says that it is ready."""
        try:
            replies = [WEB.get(f"{url}/readyz") for url in (self.gateway, self.management, self.sandbox)]
        except httpx.TransportError:
            return False
        return all(reply.status_code == 200 for reply in replies)

    def kill(self) -> None:
        """kill -9 of the whole tree at once."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)
        until(lambda: not self.alive(), "nothing of the tree is left", self.alive)

    def alive(self) -> dict[int, str]:
        """Process id → command line, of all that belong to the tree and still run."""
        assert self.process
        words = ["ps", "-A", "-ww", "-o", "pid=,pgid=,stat=,args="]
        rows = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        fields = [row.split(maxsplit=3) for row in rows]
        group = str(self.process.pid)
        return {int(one[0]): one[3] for one in fields if one[1] == group and not one[2].startswith("Z")}

    def pid_of(self, role: str) -> int | None:
        """The process of a role; None while it is not there."""
        return next((pid for pid, words in self.alive().items() if words.endswith(f" {role}")), None)

    def run(self, *words: str, status: int = 0, **environment: str) -> str:
        """A command of its own beside what runs; what it printed, errors where it failed."""
        ran = subprocess.run(
            [sys.executable, "-m", "datafly", *words],
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert ran.returncode == status, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stdout + ran.stderr
        return ran.stderr if status else ran.stdout

    @staticmethod
    def until(look: Callable[[], Any], what: str, tell: Callable[[], Any] = lambda: "") -> Any:
        return until(look, what, tell)

    # --- the management API ---------------------------------------------------------------------------------------

    def api(self, method: str, path: str, body: Any = None, *, expect: int = 200, **query: Any) -> Any:
        reply = WEB.request(
            method,
            f"{self.management}/v1/admin/{path}",
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert reply.status_code == expect, reply.text
        return reply.json() if reply.content else None

    def metrics(self) -> str:
        """As Prometheus reads them."""
        reply = WEB.get(f"{self.management}/metrics", headers={"Authorization": f"Bearer {self.token}"})
        assert reply.status_code == 200, reply.text
        return reply.text

    def pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The whole of a list."""
        page = self.api("GET", path, limit=100, **query)
        found = page["data"]
        while page["has_more"]:
            page = self.api("GET", path, limit=100, cursor=page["next_cursor"], **query)
            found += page["data"]
        return found

    def pipeline(self) -> dict[str, Any]:
        return self.api("GET", "pipelines")["data"][0]

    def install(self, api_key: str, partner: str = "myco", **more: Any) -> str:
        """The id of what was installed."""
        config = {"api_key": api_key, "partner_name": partner, **more}
        body = {"name": "Insider", "variant": "default", "config": config, "delivery_mode": "server_side"}
        made = self.api("POST", "integration-catalog/insider/install", body, expect=201)
        return made["pipeline_integrations"][0]["id"]

    def installed(self, integration_id: str) -> dict[str, Any]:
        return self.api("GET", f"pipeline-integrations/{integration_id}")

    def has_state(self, integration_id: str, name: str) -> dict[str, Any]:
        """Its state, once it is so called."""

        def look() -> dict[str, Any] | None:
            state = self.installed(integration_id)["state"]
            return state if state["name"] == name else None

        return until(look, f"the installation is {name}", lambda: self.installed(integration_id))

    def is_through(self, integration_id: str, *, delivered: int) -> None:
        """So many events are delivered, and nothing waits."""

        def look() -> bool:
            shown = self.installed(integration_id)
            return shown["lag"] == 0 and shown["counts"].get("DELIVERED", 0) >= delivered

        until(look, f"{delivered} events are delivered", lambda: self.installed(integration_id))

    def live(self, **filters: Any) -> list[dict[str, Any]]:
        return self.api("GET", "live-events", **filters)["data"]

    def event(self, message_id: str, look: Callable[[dict[str, Any]], Any], what: str) -> dict[str, Any]:
        """The event, once the condition holds of it."""

        def found() -> dict[str, Any] | None:
            return next((one for one in self.live(message_id=message_id) if look(one)), None)

        return until(found, f"{message_id}: {what}", lambda: self.live(message_id=message_id))

    def final(self, message_id: str) -> dict[str, Any]:
        """What became of the event at its only installation."""
        event = self.event(message_id, lambda one: one["deliveries"] and not one["pending"], "is final")
        (delivery,) = event["deliveries"]
        return delivery

    # --- senders and the sandbox ----------------------------------------------------------------------------------

    @staticmethod
    def track(name: str, user_id: str, message_id: str | None = None, **properties: Any) -> dict[str, Any]:
        """An event that may be sent: marketing is granted."""
        return {
            "type": "track",
            "event": name,
            "messageId": message_id or str(uuid.uuid4()),
            "userId": user_id,
            "properties": properties,
            "context": {"consent": {"marketing": True}},
        }

    def send(self, *events: dict[str, Any]) -> None:
        reply = WEB.post(
            f"{self.gateway}/v1/batch",
            json={"batch": list(events)},
            headers={"Authorization": f"Bearer {self.pipeline()['pipeline_key']}"},
        )
        assert reply.json() == {"success": True, "accepted": len(events)}, reply.text

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The sandbox's own controls: faults, keys, what arrived."""
        reply = WEB.request(method, f"{self.sandbox}/insider/_control/{path}", json=body, params=query)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def vendor_key(self, name: str = "Datafly Signal") -> str:
        return self.control("POST", "keys", {"partner": "myco", "name": name})["key"]

    def vendor_users(self, words: str) -> list[dict[str, Any]]:
        return self.control("GET", "users", q=words)

    def arrivals(self) -> list[dict[str, Any]]:
        """Every event that the vendor keeps, in the order in which it came."""
        found: list[dict[str, Any]] = []
        while more := self.control("GET", "events", after=found[-1]["id"] if found else 0):
            found += more
        return found


class Load:
    """Senders as an SDK is one: batch after batch, each sent again until it is acknowledged."""

    BATCH = 20
    USERS = 20

    def __init__(self, target: Any) -> None:
        self.acknowledged: list[str] = []
        self._url = f"{target.gateway}/v1/batch"
        self._track = target.track
        self._until = target.until
        self._headers = {"Authorization": f"Bearer {target.pipeline()['pipeline_key']}"}
        self._prefix = uuid.uuid4().hex[:8]
        self._web = httpx.Client(verify=False, timeout=PATIENCE_SECONDS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """What is sent is acknowledged, unless the story failed already."""
        self._ends = time.monotonic() + (0 if kind else PATIENCE_SECONDS)
        self._stop.set()
        self._thread.join()
        self._web.close()

    def more(self, events: int) -> None:
        """Returns once so many more are acknowledged."""
        wanted = len(self.acknowledged) + events
        self._until(lambda: len(self.acknowledged) >= wanted, f"{wanted} events are acknowledged")

    def user(self, number: int) -> str:
        return f"load-{self._prefix}-{number % self.USERS}"

    def _run(self) -> None:
        first = 0
        while not self._stop.is_set():
            batch = [self._event(number) for number in range(first, first + self.BATCH)]
            if self._is_taken(batch):
                self.acknowledged += [event["messageId"] for event in batch]
                first += self.BATCH

    def _event(self, number: int) -> dict[str, Any]:
        return self._track("Load Tested", self.user(number), f"{self._prefix}-{number}", number=number)

    def _is_taken(self, batch: list[dict[str, Any]]) -> bool:
        """Until it is; False where that cannot be."""
        while not self._stop.is_set() or time.monotonic() < self._ends:
            try:
                reply = self._web.post(self._url, json={"batch": batch}, headers=self._headers)
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if reply.status_code == 200:
                return True
            assert reply.status_code == 503, reply.text
        return False


@pytest.fixture
def load_on() -> type[Load]:
    """Loads a Signal while the block lasts."""
    return Load


def _started(folder: Path) -> Iterator[Callable[..., Signal]]:
    begun: list[Signal] = []

    def begin(*flags: str, start: bool = True, **variables: str) -> Signal:
        place = folder / str(len(begun))
        place.mkdir()
        one = Signal(place, flags or ("--demo",), variables=variables)
        begun.append(one)
        if start:
            one.start()
        return one

    yield begin
    for one in begun:
        if one.process and one.alive():
            one.kill()
    printed = [one.out.read_text() for one in begun if one.process]
    assert not [text for text in printed if "Traceback" in text]


@pytest.fixture
def new_signal(tmp_path: Path) -> Iterator[Callable[..., Signal]]:
    """Makes Signals for one story; ends what still runs, and sees that nobody was shown a traceback."""
    yield from _started(tmp_path)


@pytest.fixture(scope="module")
def shared_signal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signal]:
    """One running demo for the stories of a module."""
    for begin in _started(tmp_path_factory.mktemp("signal")):
        yield begin()


@pytest.fixture
def demo(shared_signal: Signal) -> Signal:
    """The shared demo with nothing installed, nothing granted and an empty sandbox."""
    for one in shared_signal.pages("pipeline-integrations"):
        shared_signal.api("DELETE", f"pipeline-integrations/{one['id']}", expect=204)
    pipeline = shared_signal.pipeline()
    shared_signal.api("PATCH", f"pipelines/{pipeline['id']}", {"consent_defaults": {}})
    shared_signal.control("POST", "reset", {})
    return shared_signal


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens browsers of people who were never here; a fault in a page fails the story."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_one() -> Page:
        context = chromium.new_context(
            viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        return page

    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    yield open_one
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[Page, str], None]:
    """Keeps a picture of a page in the folder of the story."""

    def keep_one(page: Page, name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)

    return keep_one


class Vendor:
    """Answers as Insider does, outside of the process tree, so that it outlives restarts.

    `good`: so many requests more are taken, then it is out of order; None: all.
    """

    def __init__(self):
        self.good = None
        self.arrived = []
        self.largest = 0
        self._lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = vendor.take(json.loads(body)["users"])
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_): ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, users):
        with self._lock:
            if self.good == 0:
                return 503, b"{}"
            self.good = self.good and self.good - 1
            self.largest = max(self.largest, len(users))
            events = [event["event_params"]["custom"] for user in users for event in user["events"]]
            self.arrived += [(event["who"], event["step"]) for event in events]
        return 200, json.dumps({"data": {"successful": {"count": len(users)}, "fail": {}}}).encode()

    def first_arrivals(self):
        """User → the steps in the order in which each came first."""
        steps = {}
        for who, step in dict.fromkeys(self.arrived):
            steps.setdefault(who, []).append(step)
        return steps

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def vendor():
    one = Vendor()
    yield one
    one.close()


@pytest.fixture
def started(new_signal, vendor):
    """Starts one with an installation that sends to the vendor; it, and the id of the installation."""

    def start(*flags):
        one = new_signal(*flags)
        config = {"api_key": "any", "partner_name": "any", "base_url": vendor.url}
        body = {"name": "Insider", "variant": "default", "config": config, "delivery_mode": "server_side"}
        made = one.api("POST", "integration-catalog/insider/install", body, expect=201)
        return one, made["pipeline_integrations"][0]["id"]

    return start
