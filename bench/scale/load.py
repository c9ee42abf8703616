"""Events over HTTP: as many as there are, as fast as they are taken, or so many a second."""

import asyncio
import json
import time
import uuid

import aiohttp

BATCH = 100
AT_ONCE = 8
SINGLES_AT_ONCE = 32
VISITORS = 5_000


def event(number, **properties):
    """Every visit has an address of its own, as campaigns make them: what repeats costs brokers next to nothing."""
    visit = uuid.uuid4().hex
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": f"user-{number % VISITORS}",
        "anonymousId": f"visitor-{number % VISITORS}",
        "properties": {
            "product_id": f"SKU-{number % 300}",
            "name": "Mug",
            "price": 12.5,
            "currency": "GBP",
            **properties,
        },
        "context": {
            "consent": {"marketing": True},
            "page": {
                "url": f"https://shop.example/mug?gclid={visit}",
                "path": "/mug",
                "title": "Mug",
                "referrer": f"https://search.example/{visit[:12]}",
            },
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
            "locale": "en-GB",
        },
    }


async def post(session, gateway, key, path, body):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with session.post(f"{gateway}{path}", data=body, headers=headers) as reply:
        if reply.status != 200:
            raise SystemExit(f"{path} answered {reply.status}: {await reply.text()}")


async def as_fast_as_taken(gateway, key, count, *, batch=BATCH):
    """Seconds until all were acknowledged. Bodies are made before."""
    if batch == 1:
        path, bodies = "/v1/track", [json.dumps(event(number)).encode() for number in range(count)]
    else:
        path = "/v1/batch"
        groups = ([event(first + number) for number in range(batch)] for first in range(0, count, batch))
        bodies = [json.dumps({"batch": group}).encode() for group in groups]
    waiting = iter(bodies)

    async def client(session):
        for body in waiting:
            await post(session, gateway, key, path, body)

    async with aiohttp.ClientSession() as session:
        began = time.monotonic()
        await asyncio.gather(*(client(session) for _ in range(SINGLES_AT_ONCE if batch == 1 else AT_ONCE)))
        return time.monotonic() - began


async def paced(gateway, key, *, rate, seconds, every=0.02, marked=10):
    """Mark → when it was sent; every so many-th event has one. Each `every` seconds what is due goes in one request."""
    marks, sent, began = {}, 0, time.monotonic()
    tasks = set()
    async with aiohttp.ClientSession() as session:
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * rate) - sent
            if due:
                events = []
                for number in range(sent, sent + due):
                    mark = {"mark": f"m{number}"} if number % marked == 0 else {}
                    events.append(event(number * 7, **mark))
                at = time.time()
                marks |= {one["properties"]["mark"]: at for one in events if "mark" in one["properties"]}
                body = json.dumps({"batch": events}).encode()
                one = asyncio.create_task(post(session, gateway, key, "/v1/batch", body))
                tasks.add(one)
                one.add_done_callback(tasks.discard)
                sent += due
            await asyncio.sleep(every)
        await asyncio.gather(*tasks)
    return marks, sent
