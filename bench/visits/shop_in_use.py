"""A shop that is in use, for `first_paint.py`: what stands on every page of the control room, and where each is.

    pages = await fill(session, product, events=5_000)

Needs the demo: its vendor sandbox refuses events on demand.
"""

import asyncio
import json
import re
import time

import aiohttp
from end_to_end import BATCH, acknowledged, event, post

from datafly.management.web.app import page_paths

REFUSED = {r"users.0.identifiers.*.regexp(^.+@.+\..+$)": ["not a valid email address: jane@broken"]}
STRETCH = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
PATIENCE_SECONDS = 120


async def fill(session, product, events):
    """Two installations, one of which stands still; dead letters, a replay, an erasure. Route → path to look at."""
    call = _caller(session, product)
    await _sandbox_is_up(session, product)
    product.key = (await call("GET", "pipelines"))["data"][0]["pipeline_key"]
    good = await _install(session, product, call)
    await acknowledged(session, product, events // BATCH * BATCH)
    await _until(call, f"pipeline-integrations/{good}", lambda one: one["lag"] == 0)
    await _refuse(session, product, call, good)
    await call(
        "POST",
        "integration-catalog/insider/install",
        {"name": "Second shop", "config": {"api_key": "wrong", "partner_name": "myco"}},
    )
    await post(session, product, [event(number) for number in range(BATCH)])
    run = await call("POST", "replays", {**STRETCH, "pipeline_integration_id": good, "user_id": "user-1"})
    hook = {"name": "On call", "kind": "webhook", "url": "https://hooks.example.com/on-call"}
    pipeline_id = (await call("GET", "pipelines"))["data"][0]["id"]
    source = await call("POST", f"pipelines/{pipeline_id}/sources", {"kind": "stripe", "secret": "whsec_of_the_bench"})
    values = {
        "integration_id": good,
        "pipeline_id": pipeline_id,
        "source_id": source["id"],
        "group": (await call("GET", "dead-letters/groups"))["data"][0]["id"],
        "replay_id": run["replay"]["id"],
        "channel_id": (await call("POST", "alert-channels", hook))["id"],
        "erasure_id": (await call("POST", "erasures", {"user_id": "user-9"}))["id"],
        "alert_id": (await call("GET", "alerts"))["data"][0]["id"],
        "vendor": "insider",
        "about": "pipelines",
    }
    asked = {"/people": "?q=user-7", "/events": "?id=refused-1", "/alerts/new": "?kind=error_rate"}
    return {route: _filled(route, values) + asked.get(route, "") for route in page_paths() if route not in DOORS}


DOORS = {"/login", "/welcome", "/alerts/channels/new"}
"""Seen before anybody is logged in, or with an answer in hand."""


def _filled(route, values):
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], route)


def _caller(session, product):
    async def call(method, path, body=None):
        url = f"http://127.0.0.1:{product.management}/v1/admin/{path}"
        async with session.request(
            method, url, json=body, headers={"Authorization": f"Bearer {product.token}"}
        ) as reply:
            assert reply.status < 300, await reply.text()
            return await reply.json()

    return call


async def _control(session, product, path, body):
    async with session.post(f"http://127.0.0.1:{product.sandbox}/insider/_control/{path}", json=body) as reply:
        assert reply.status < 300, await reply.text()
        return json.loads(await reply.read() or b"null")


async def _sandbox_is_up(session, product):
    for _ in range(PATIENCE_SECONDS * 10):
        try:
            async with session.get(f"http://127.0.0.1:{product.sandbox}/"):
                return
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)


async def _install(session, product, call):
    made = await _control(session, product, "keys", {"partner": "myco", "name": "Bench"})
    body = {"name": "Insider", "config": {"api_key": made["key"], "partner_name": "myco"}}
    installed = await call("POST", "integration-catalog/insider/install", body)
    return installed["pipeline_integrations"][0]["id"]


async def _refuse(session, product, call, installation):
    """An event that the vendor does not want."""
    answer = {"data": {"successful": {"count": 0}, "fail": {"count": 1, "errors": REFUSED}}}
    await _control(session, product, "faults", {"status": 200, "body": json.dumps(answer)})
    await post(session, product, [{**event(7), "messageId": "refused-1"}])
    await _until(
        call, f"pipeline-integrations/{installation}", lambda one: one["lag"] == 0 and one["counts"].get("REJECTED")
    )


async def _until(call, path, holds):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds(seen := await call("GET", path)):
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.1)
