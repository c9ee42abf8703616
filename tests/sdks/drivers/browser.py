"""Opens a page that makes every call by an SDK, in Chromium, and closes it when standard input ends.

browser.py PAGE URL KEY CALLS MODE. The page is of another origin than the gateway.
"""

import json
import os
import sys
import threading
import urllib.parse
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ARGS = ["--no-sandbox"]


class Shop(SimpleHTTPRequestHandler):
    def translate_path(self, path):
        path = urllib.parse.urlsplit(path).path.lstrip("/")
        return str(HERE / "node_modules" / path) if path.startswith("@") else str(HERE / path)

    def log_message(self, *_words):
        pass


def main(page, url, key, calls, mode):
    shop = ThreadingHTTPServer(("127.0.0.1", 0), partial(Shop, directory=str(HERE)))
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    told = urllib.parse.quote(json.dumps({"url": url, "key": key, "calls": json.loads(calls), "mode": mode}))
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        tab = browser.new_page()
        tab.on("pageerror", lambda error: sys.stderr.write(f"{error}\n"))
        tab.on("console", lambda said: sys.stderr.write(f"{said.type}: {said.text}\n"))
        tab.goto(f"http://127.0.0.1:{shop.server_port}/{page}#{told}")
        sys.stdin.read()
        browser.close()
    shop.shutdown()


main(*sys.argv[1:])
