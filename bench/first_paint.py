"""First paint of every page of the control room, in Chromium on this machine.

    python bench/first_paint.py
    python bench/first_paint.py --pages / /docs --rounds 9

`datafly up --demo` with a shop in use (`visits/shop_in_use.py`). A person is logged in by cookie in a browser that runs
already. What is measured: from navigationStart to the browser's own entry `first-contentful-paint`. Two ways:

- `cold`: a new tab, nothing in the cache, as somebody who types the address after an update of Signal;
- `next`: from page to page in one tab, with the style sheet and the scripts in the cache, as somebody who works.

Beside them an empty page of a bare server, measured in the same way: what the browser takes for itself. `server`: from
the request to the first byte of the answer. `blocking`: requests that have to end before anything is painted. Medians
over rounds; in each round every page is visited once.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
from end_to_end import Product, wait_ready
from visits.control_room import come_in
from visits.shop_in_use import fill

PAINTED = """
() => new Promise((done) => {
  const told = () => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    if (!paint) return;
    const page = performance.getEntriesByType("navigation")[0];
    const blocking = performance.getEntriesByType("resource").filter((one) => one.renderBlockingStatus === "blocking");
    done({
      paint: paint.startTime,
      server: page.responseStart - page.requestStart,
      blocking: blocking.length,
      nodes: document.querySelectorAll("*").length,
      bytes: page.decodedBodySize,
    });
  };
  new PerformanceObserver(told).observe({ type: "paint", buffered: true });
  told();
})
"""
EMPTY_PAGE = "empty page"
EMPTY = b"<!DOCTYPE html><title>Empty</title><p>Nothing."
COLUMNS = {"cold_ms": "cold", "next_ms": "next", "server_ms": "server", "blocking": "blocking", "nodes": "nodes"}


class Bare(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)

    def log_message(self, *_): ...


def bare_url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bare)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


class Visitor:
    """A person with a browser."""

    def __init__(self, context):
        self.context = context

    async def open(self):
        self.tab = await self.context.new_page()
        return self

    async def cold(self, url):
        tab = await self.context.new_page()
        devtools = await self.context.new_cdp_session(tab)
        await devtools.send("Network.clearBrowserCache")
        seen = await self._see(tab, url)
        await tab.close()
        return seen

    async def next(self, url):
        return await self._see(self.tab, url)

    @staticmethod
    async def _see(tab, url):
        reply = await tab.goto(url)
        assert reply.status == 200, (url, reply.status)
        return await tab.evaluate(PAINTED)


async def measure_in(browser, place, cookies, pages, rounds):
    """Route → its figures; `pages`: route → path."""
    context = await browser.new_context()
    await context.add_cookies([{"name": name, "value": value, "url": place} for name, value in cookies.items()])
    visitor = await Visitor(context).open()
    urls = {EMPTY_PAGE: bare_url(), **{route: place + path for route, path in pages.items()}}
    for url in urls.values():
        await visitor.next(url)
    found = {route: {"cold": [], "next": []} for route in urls}
    for _ in range(rounds):
        for route, url in urls.items():
            found[route]["cold"].append(await visitor.cold(url))
        for route, url in urls.items():
            found[route]["next"].append(await visitor.next(url))
    return {route: _summed(seen["cold"], seen["next"]) for route, seen in found.items()}


def _summed(cold, following):
    def median(rows, name):
        return round(statistics.median(row[name] for row in rows), 1)

    return {
        "cold_ms": median(cold, "paint"),
        "next_ms": median(following, "paint"),
        "server_ms": median(following, "server"),
        "blocking": max(row["blocking"] for row in cold),
        "nodes": cold[-1]["nodes"],
        "bytes": cold[-1]["bytes"],
    }


async def measure(options, chromium):
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        product = Product(Path(folder), "--demo")
        product.start()
        try:
            async with aiohttp.ClientSession(read_bufsize=1 << 24) as session, async_playwright() as playwright:
                await wait_ready(session, product)
                pages = await fill(session, product, options.events)
                chosen = {route: path for route, path in pages.items() if route in (options.pages or pages)}
                person, _ = await come_in(product)
                async with person:
                    cookies = {one.key: one.value for one in person.cookie_jar}
                place = f"http://127.0.0.1:{product.management}"
                browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                return await measure_in(browser, place, cookies, chosen, options.rounds)
        finally:
            product.stop()


def show(found):
    print(f"{'':<44}" + "".join(f"{name:>10}" for name in COLUMNS.values()))
    for route, row in sorted(found.items(), key=lambda one: -one[1]["cold_ms"]):
        print(f"{route:<44}" + "".join(f"{row[name]:>10}" for name in COLUMNS))
    empty = found.pop(EMPTY_PAGE)
    slowest = {f"slowest_{name}": max(row[name] for row in found.values()) for name in ("cold_ms", "next_ms")}
    figures = {**slowest, "empty_cold_ms": empty["cold_ms"], "empty_next_ms": empty["next_ms"], "pages": found}
    print(json.dumps({"bench": "first_paint", **figures}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", nargs="*", help="routes; all where none is named")
    parser.add_argument("--folder", help="where the data folder is made, for the disk that is meant")
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    if not Path(chromium).exists():
        print(f"Left out: there is no Chromium at {chromium} (CHROMIUM names another).")
        print(json.dumps({"bench": "first_paint", "left_out": "no Chromium"}))
        return
    show(asyncio.run(measure(options, chromium)))


if __name__ == "__main__":
    main()
