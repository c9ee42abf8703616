"""A person in the control room, for `end_to_end.py --backlog`: logs in, looks at pages, calls the API.

    await look_around(product, times=5)

The pages are asked for as a browser does, with what they load by script; the live events page is left open for a while.
"""

import asyncio
import json
import re
import secrets
import subprocess
import sys
from urllib.parse import urlsplit

import aiohttp

OPEN_SECONDS = 3
EMAIL = "owner@shop.example"
PAGES = (
    "/",
    "/home/causes",
    "/live-events",
    "/integrations",
    "/dead-letters",
    "/settings/pipelines",
    "/people?q=user-7",
)
CALLS = ("/v1/admin/pipelines", "/v1/admin/pipeline-integrations", "/v1/admin/live-events", "/v1/admin/dead-letters")


async def come_in(product):
    """A session with the cookie of an owner, who set a password by a link; it, and the password."""
    link = await asyncio.to_thread(_link, product)
    place = f"{link.scheme}://{link.netloc}"
    session = aiohttp.ClientSession(place, cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": place})
    password = secrets.token_urlsafe()
    form = {"token": link.query.partition("=")[2], "email": EMAIL, "name": "Owner"}
    await _enter(session, "/welcome", form | {"password": password, "again": password})
    return session, password


async def log_in(product):
    """As `come_in`, and then once more by the password."""
    session, password = await come_in(product)
    await _enter(session, "/login", {"email": EMAIL, "password": password})
    return session


def _link(product):
    words = [sys.executable, "-m", "datafly", "user", "reset"]
    made = subprocess.run(words, env=product.environment, capture_output=True, check=True, text=True)
    return urlsplit(re.search(r"http\S+", made.stdout)[0])


async def _enter(session, path, form):
    async with session.post(path, data=form, allow_redirects=False) as reply:
        assert reply.status == 303, await reply.text()


async def look_around(product, times=5):
    session = await log_in(product)
    async with session:
        for path in (*PAGES, *CALLS, f"/integrations/{product.installation}") * times:
            async with session.get(path) as reply:
                text = await reply.text()
                assert reply.status == 200, (path, reply.status, text)
        await _leave_open(session)
        return json.loads(await (await session.get(CALLS[0])).text())


async def _leave_open(session):
    """The stream of the live events page."""
    async with session.get("/live-events/stream") as stream:
        assert stream.status == 200
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                async for _ in stream.content:
                    pass
        except TimeoutError:
            return
