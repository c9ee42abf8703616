"""A vendor in a process of its own: takes every request of every account but those under /down, and remembers marks.

    python bench/scale/sink.py PORT

GET /told: how many users came, and when each mark came to each account. PUT /forget: what came is forgotten. PUT /up:
those under /down are taken too from now on.
"""

import asyncio
import json
import re
import sys
import time

IDENTITY = re.compile(rb'"mark":"([0-9a-z-]+)"')
LENGTH = re.compile(rb"(?i)content-length: (\d+)")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Sink(asyncio.Protocol):
    users = 0
    requests = 0
    refused = 0
    is_up = False
    arrived: dict[str, float] = {}

    def connection_made(self, transport):
        self.transport, self.buffer = transport, bytearray()

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self.buffer, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self.buffer) < whole:
                return
            head, body = bytes(self.buffer[:end]), bytes(self.buffer[end + 4 : whole])
            del self.buffer[:whole]
            self.transport.write(self.answer(head, body))

    def answer(self, head, body):
        path = head.split(b" ", 2)[1]
        if path == b"/told":
            told = {"users": Sink.users, "requests": Sink.requests, "refused": Sink.refused, "arrived": Sink.arrived}
            text = json.dumps(told).encode()
            return ANSWER % (len(text), text)
        if path == b"/forget":
            Sink.users, Sink.requests, Sink.refused, Sink.arrived = 0, 0, 0, {}
            return ANSWER % (2, b"{}")
        if path == b"/up":
            Sink.is_up = True
            return ANSWER % (2, b"{}")
        if path.startswith(b"/down") and not Sink.is_up:
            Sink.refused += 1
            return (ANSWER % (2, b"{}")).replace(b"200 OK", b"503 Service Unavailable")
        count = body.count(b'"identifiers"')
        Sink.users += count
        Sink.requests += 1
        if b'"mark"' in body:
            account = path.split(b"/", 2)[1].decode()
            for mark in IDENTITY.findall(body):
                Sink.arrived.setdefault(f"{account} {mark.decode()}", time.time())
        said = b'{"data":{"successful":{"count":%d},"fail":{}}}' % count
        return ANSWER % (len(said), said)


async def serve(port):
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
