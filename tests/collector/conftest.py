"""A gateway as d.js knows it, a shop that carries d.js, and Chromium to visit it."""

import asyncio
import json
import os
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from datafly.ingest.collector import Collector
from datafly.ingest.wire import Request
from datafly.model.installation import Pipeline

ROOT = Path(__file__).parents[2]
ARTEFACT = ROOT / "src/datafly/ingest/assets/d.js"
SNIPPET = ROOT / "collector/snippet.html"
KEY = "dk_test_1"
PATIENCE_SECONDS = 60.0
CHROMIUM_ARGS = ["--no-sandbox", "--host-resolver-rules=MAP *.example.test 127.0.0.1"]


@dataclass
class Received:
    """One POST to /v1/batch, with the cookie that came and the one it is now counted under."""

    body: dict
    sent_cookie: str | None
    visitor: str | None
    status: int
    size: int
    headers: dict
    query: dict

    @property
    def events(self) -> list[dict]:
        return self.body["batch"]

    @property
    def names(self) -> list[str]:
        return [event.get("event", event["type"]) for event in self.events]


@dataclass
class Gateway:
    """Records batches; gives and renews the cookie; answers as it is told, 200 when it is told nothing."""

    key: str = KEY
    pipeline: Pipeline = Pipeline("pip_1", "Shop", "shop", KEY)  # noqa: RUF009  a value that nobody changes
    shop: str = ""
    data: str = ""
    received: list[Received] = field(default_factory=list)
    preflights: int = 0
    pages: dict[str, str] = field(default_factory=dict)
    planned: deque[tuple[int, dict]] = field(default_factory=deque)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    most_at_once: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self):
        self.gate.set()

    def answers(self, *statuses: int, headers: dict | None = None) -> None:
        """The next replies, one each, then 200 again."""
        self.planned.extend((status, headers or {}) for status in statuses)

    @property
    def accepted(self) -> list[Received]:
        return [request for request in self.received if request.status == 200]

    @property
    def events(self) -> list[dict]:
        return [event for request in self.accepted for event in request.events]

    @property
    def names(self) -> list[str]:
        return [name for request in self.accepted for name in request.names]

    @property
    def once(self) -> list[str]:
        """Names in order of first arrival, repeated messageIds left out, as the server's dedupe does."""
        known: dict[str, str] = {}
        for event in self.events:
            known.setdefault(event["messageId"], event.get("event", event["type"]))
        return list(known.values())

    def named(self, name: str) -> dict:
        return next(event for event in self.events if event.get("event", event["type"]) == name)

    async def until(self, claim: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self.news:
                await self.news.wait_for(claim)
        except TimeoutError:
            pytest.fail(f"never came; seen: {[(r.status, r.names, r.body.get('reset')) for r in self.received]}")

    async def until_seen(self, *names: str) -> None:
        await self.until(lambda: set(names) <= set(self.names))

    async def batch(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.waiting += 1
        self.most_at_once = max(self.most_at_once, self.waiting)
        await self._tell()
        await self.gate.wait()
        self.waiting -= 1
        response = self._judge(request, raw)
        await self._tell()
        return response

    def _judge(self, request: web.Request, raw: bytes) -> web.Response:
        body = json.loads(raw)
        status, headers = self.planned.popleft() if self.planned else (200, {})
        sent_cookie = request.cookies.get("_dfid")
        visitor = sent_cookie
        if status == 200 and (not sent_cookie or body.get("reset")):
            visitor = str(uuid.uuid4())
        self.received.append(
            Received(body, sent_cookie, visitor, status, len(raw), dict(request.headers), dict(request.query))
        )
        response = web.json_response({"success": status == 200, "accepted": len(body["batch"])}, status=status)
        response.headers.update(headers)
        if visitor != sent_cookie:
            response.set_cookie("_dfid", visitor, httponly=True, samesite="Lax", max_age=34_560_000)
        return self._with_cors(request, response)

    @staticmethod
    def _with_cors(request: web.Request, response: web.Response) -> web.Response:
        response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        return response

    async def preflight(self, _request: web.Request) -> web.Response:
        self.preflights += 1
        return web.Response(status=403)

    async def script(self, request: web.Request) -> web.Response:
        """As the gateway builds it, for the key that is asked with."""
        asked = Request("GET", request.path, request.query_string.encode(), {}, 0, None, "http")
        reply = await Collector(ARTEFACT, lambda: {self.key: self.pipeline}).get(asked, None)
        return web.Response(body=reply.body, content_type="text/javascript", charset="utf-8")

    async def page(self, request: web.Request) -> web.Response:
        html = self.pages.get(request.path) or self.html()
        return web.Response(text=html, content_type="text/html", headers={"Cache-Control": "no-cache"})

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()

    def tag(self, **attributes: str) -> str:
        given = {"pipeline-key": KEY, "auto-page": "false", **{k.replace("_", "-"): v for k, v in attributes.items()}}
        words = " ".join(f'data-{name}="{value}"' for name, value in given.items())
        return f'<script src="{self.data}/d.js" {words}></script>'

    def snippet(self) -> str:
        text = SNIPPET.read_text(encoding="utf-8")
        return text.replace("https://data.example.com", self.data).replace("dk_live_…", KEY)

    def html(self, head: str | None = None, *, title: str = "Shop", body: str = "") -> str:
        head = self.tag() if head is None else head
        head = f"<meta charset=utf-8>{head}<title>{title}</title>"
        return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


@pytest_asyncio.fixture(loop_scope="session")
async def gateway() -> AsyncIterator[Gateway]:
    """One server on two ports: two origins of one site, as shop.example.com and data.example.com are."""
    it = Gateway()
    app = web.Application()
    app.router.add_post("/v1/batch", it.batch)
    app.router.add_options("/v1/batch", it.preflight)
    app.router.add_get("/d.js", it.script)
    app.router.add_get("/{path:.*}", it.page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    for name in ("shop", "data"):
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        setattr(it, name, f"http://127.0.0.1:{port}")
    yield it
    it.gate.set()
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser profile of its own. Whatever the test does, nothing may be thrown into a page."""
    thrown: list[str] = []
    context = await chromium.new_context(locale="en-GB", timezone_id="Europe/London")
    context.on("weberror", lambda fault: thrown.append(str(fault.error)))
    yield context
    await context.close()
    assert thrown == []


@pytest_asyncio.fixture(loop_scope="session")
async def keeping_visitor() -> AsyncIterator[BrowserContext]:
    """In a browser that keeps pages for back and forward, as people's browsers do and Playwright's does not."""
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=CHROMIUM_ARGS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield await browser.new_context()
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(visitor: BrowserContext, gateway: Gateway) -> Page:
    """A tab on the shop, d.js loaded, automatic page events off."""
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    return tab


@pytest.fixture
def without_secure_context(gateway: Gateway) -> Gateway:
    """The same two origins by names that browsers do not trust over plain http."""
    for name in ("shop", "data"):
        setattr(gateway, name, f"http://{name}.example.test:{urlsplit(getattr(gateway, name)).port}")
    return gateway
