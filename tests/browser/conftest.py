"""Holds for all pages: a slow, loaded machine is waited for. And the management role, with nothing beside it."""

import asyncio
import os
import socket
import threading

import pytest
from playwright.sync_api import expect, sync_playwright

from datafly.runtime.prepare import open_the_store
from datafly.runtime.roles.management import run
from datafly.settings import Settings

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

expect.set_options(timeout=60_000)


class Role:
    """The management role as `datafly up` runs it, in a thread of its own."""

    def __init__(self, settings):
        self.settings = settings
        self.url = f"http://localhost:{settings.management_port}"
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self):
        with open_the_store(self.settings) as store:
            store.control.ensure_default_pipeline()
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    async def _run(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await run(self.settings, self._stop, self._ready.set)


@pytest.fixture
def role(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Role(Settings(data_dir=tmp_path / "data", management_port=port)) as role:
        yield role


@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.problems = []
        page.on("console", lambda told: page.problems.append(told.text) if told.type == "error" else None)
        yield page
        browser.close()
