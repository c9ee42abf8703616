"""Latency under a steady stream: from before the POST to the arrival at a vendor, at 100 events a second.

    python bench/steady.py
    python bench/steady.py --per-second 500 --seconds 30

`datafly up` as in `end_to_end.py`. Events leave at their times whether those before them are answered or not. An event
waits for company for up to the flush interval; what counts is how much longer it takes. Medians over rounds.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
from end_to_end import Product, event, install, post, told, wait_ready

FLUSH_MS = 500
"""What the installation has when nobody sets it."""


async def stream(session, product, per_second, seconds, number):
    sent, posts = {}, []
    began = time.monotonic()
    for index in range(per_second * seconds):
        await asyncio.sleep(max(began + index / per_second - time.monotonic(), 0))
        mark = f"{os.getpid()}-{number}-{index}"
        sent[mark] = time.time()
        posts.append(asyncio.create_task(post(session, product, [event(index, mark=mark)])))
    await asyncio.gather(*posts)
    while not sent.keys() <= (arrived := (await told(session, product))["arrived"]).keys():
        await asyncio.sleep(0.05)
    took = sorted((arrived[mark] - at) * 1000 for mark, at in sent.items())
    return {"p50_ms": took[len(took) // 2], "p99_ms": took[int(len(took) * 0.99)]}


async def measure(options):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        product = Product(Path(folder))
        product.start()
        try:
            async with aiohttp.ClientSession(read_bufsize=1 << 24) as session:
                await wait_ready(session, product)
                await install(session, product)
                await stream(session, product, options.per_second, 1, -1)
                return [
                    await stream(session, product, options.per_second, options.seconds, number)
                    for number in range(options.rounds)
                ]
        finally:
            product.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-second", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the data folder is made, for the disk that is meant")
    options = parser.parse_args()
    rows = asyncio.run(measure(options))
    p50, p99 = (statistics.median(row[name] for row in rows) for name in ("p50_ms", "p99_ms"))
    figures = {
        "per_second": options.per_second,
        "p50_ms": round(p50, 1),
        "p99_ms": round(p99, 1),
        "p50_beyond_flush_ms": round(p50 - FLUSH_MS, 1),
        "p99_beyond_flush_ms": round(p99 - FLUSH_MS, 1),
    }
    for name, figure in figures.items():
        print(f"{name:<26} {figure}")
    print(json.dumps({"bench": "steady", **figures}))


if __name__ == "__main__":
    main()
