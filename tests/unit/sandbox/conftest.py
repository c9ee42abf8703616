"""The sandbox in the test's own process, with a clock that stands still and a key that is known."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from datafly.sandbox.app import Sandbox
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.testing.one_room import one_room

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOKEN = "0123456789abcdef0123"


class StandingClock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


class Insider:
    """A caller of the room: the vendor's API with its two headers, and the control API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.headers = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": TOKEN}

    async def post(self, path: str, document: Any, **headers: str) -> httpx.Response:
        return await self.client.post(f"/insider{path}", json=document, headers={**self.headers, **headers})

    async def send(self, method: str, path: str, document: Any) -> httpx.Response:
        return await self.client.request(method, f"/insider{path}", json=document, headers=self.headers)

    async def upsert(self, *users: Any, **root: Any) -> httpx.Response:
        return await self.post("/api/user/v1/upsert", {"users": list(users), **root})

    async def errors(self, user: Any) -> dict[str, list[str]]:
        """Why a lone user is refused."""
        body = (await self.upsert(user)).json()
        assert body["data"]["successful"] == {}
        assert body["data"]["fail"]["count"] == 1
        return body["data"]["fail"]["errors"]

    async def control(self, path: str, method: str = "GET", json: Any = None) -> Any:
        reply = await self.client.request(method, f"/insider/_control{path}", json=json)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    async def user(self, words: str) -> dict[str, Any]:
        """The one user that the words find, as the control API shows her."""
        found = await self.control(f"/users?q={words}")
        assert len(found) == 1, found
        return await self.control(f"/users/{found[0]['id']}")

    async def verdicts(self) -> list[dict[str, Any]]:
        """What became of each user of the last request."""
        newest = (await self.control("/requests?limit=1"))[0]
        return (await self.control(f"/requests/{newest['id']}"))["verdicts"]

    async def ignored(self, user: Any) -> dict[str, str]:
        """What of a lone accepted user is ignored, and why."""
        assert (await self.upsert(user)).json() == {"data": {"successful": {"count": 1}, "fail": {}}}
        return {each["path"]: each["reason"] for each in (await self.verdicts())[0]["ignored"]}


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def started(tmp_path: Path, clock: StandingClock) -> Any:
    """A starter of sandboxes over one data directory; all are closed at the end."""
    with ExitStack() as closing:

        def start(slug: str = "insider", **changed: Any) -> Sandbox:
            seed = Seed(keys=(SeedKey(partner="myco", key=TOKEN),))
            settings = SandboxSettings(**{"data_dir": tmp_path, "seed": seed, **changed})
            sandbox = one_room(slug, settings, clock)
            closing.callback(sandbox.close)
            return sandbox

        yield start


@pytest.fixture
async def called() -> AsyncIterator[Callable[[Sandbox], Insider]]:
    clients: list[httpx.AsyncClient] = []

    def call(sandbox: Sandbox) -> Insider:
        transport = httpx.ASGITransport(app=sandbox)
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1"))
        return Insider(clients[-1])

    yield call
    for client in clients:
        await client.aclose()


@pytest.fixture
def insider(started: Any, called: Callable[[Sandbox], Insider]) -> Insider:
    return called(started())


@pytest.fixture
def person() -> Callable[..., dict[str, Any]]:
    """A user object that is taken as it is; what is given takes the place of a part."""

    def make(uuid: str = "user-123", **parts: Any) -> dict[str, Any]:
        return {"identifiers": {"uuid": uuid}, "attributes": {"name": "Jane"}, **parts}

    return make


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    def make(name: str = "page_view", **parts: Any) -> dict[str, Any]:
        return {"event_name": name, "timestamp": "2026-11-23T10:00:00Z", **parts}

    return make
