"""A gateway on loopback that remembers what it was posted, and answers as a test says."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class LoopbackGateway:
    """`answers`: what comes first, each (status, headers, body); then everything is taken but what `refuses` says."""

    def __init__(self):
        self.events, self.requests, self.answers = [], [], []
        self.refuses = lambda _event: None
        self.on_post = lambda: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                status, headers, answer = outer.take(self.path, dict(self.headers), json.loads(body)["batch"])
                text = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def take(self, path, headers, batch):
        self.requests.append((path, headers, len(batch)))
        self.on_post()
        if self.answers:
            return self.answers.pop(0)
        told = [(index, self.refuses(event)) for index, event in enumerate(batch)]
        errors = [{"index": index, "code": code, "message": f"{code}."} for index, code in told if code]
        self.events += [event for event, (_, code) in zip(batch, told, strict=True) if not code]
        return 200, {}, {"success": True, "accepted": len(batch) - len(errors), "errors": errors}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def gateway():
    one = LoopbackGateway()
    yield one
    one.close()
