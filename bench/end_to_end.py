"""End to end: the whole product, from POST at the gateway to the request at a vendor, every attempt recorded.

    python bench/end_to_end.py
    python bench/end_to_end.py --events 100000
    python bench/end_to_end.py --backlog 1000000

`datafly up` with one installation that sends to a bare HTTP sink in a process of its own. Throughput: events posted in
batches of 100, until the sink has them all. Latency at rest: one event at a time, from before the POST to the arrival
at the sink. Memory: proportional set size of every process of the tree, where the system tells it. Medians over rounds.
With `--backlog` that alone: memory while so many events wait for a vendor that is down, and once it has them all.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from visits.control_room import look_around

BATCH = 100
AT_ONCE = 8
IDENTITY = re.compile(rb'"mark":"([0-9a-z-]+)"')
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


# --- the sink: answers as the vendor does, counts users, remembers when single events came --------------------------


class Sink(asyncio.Protocol):
    users = 0
    down = False
    arrived: dict[str, float] = {}

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = re.search(rb"(?i)content-length: (\d+)", self.buffer[:end])
            length = int(found[1]) if found else 0
            if len(self.buffer) < end + 4 + length:
                return
            head, body = self.buffer[:end], self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(self.answer(head, body))

    def answer(self, head, body):
        if head.startswith(b"GET /told"):
            told = json.dumps({"users": Sink.users, "arrived": Sink.arrived}).encode()
            return ANSWER % (len(told), told)
        if head.startswith((b"PUT /down", b"PUT /up")):
            Sink.down = head.startswith(b"PUT /down")
            return ANSWER % (2, b"{}")
        if Sink.down:
            return (ANSWER % (2, b"{}")).replace(b"200 OK", b"503 Service Unavailable")
        count = body.count(b'"identifiers"')
        Sink.users += count
        for mark in IDENTITY.findall(body):
            Sink.arrived.setdefault(mark.decode(), time.time())
        said = b'{"data":{"successful":{"count":%d},"fail":{}}}' % count
        return ANSWER % (len(said), said)


async def serve_sink(port):
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


# --- the product ----------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def event(number, **properties):
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": f"user-{number % 5000}",
        "anonymousId": f"visitor-{number % 5000}",
        "properties": {
            "product_id": f"SKU-{number % 300}",
            "name": "Mug",
            "price": 12.5,
            "currency": "GBP",
            **properties,
        },
        "context": {
            "consent": {"marketing": True},
            "page": {"url": "https://shop.example/mug", "path": "/mug", "title": "Mug", "referrer": ""},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
            "locale": "en-GB",
        },
    }


class Product:
    def __init__(self, folder, *flags):
        """`flags`: further words of `datafly up`."""
        self.flags = flags
        self.gateway, self.management, self.sandbox, self.sink = (free_port() for _ in range(4))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DATAFLY_")},
            "DATAFLY_DATA_DIR": str(folder / "data"),
            "DATAFLY_GATEWAY_PORT": str(self.gateway),
            "DATAFLY_MANAGEMENT_PORT": str(self.management),
            "DATAFLY_SANDBOX_PORT": str(self.sandbox),
            "DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "true",
            "DATAFLY_LOG_LEVEL": "warning",
        }
        self.folder = folder

    def start(self):
        words = [sys.executable, "-m", "datafly"]
        self.sink_process = subprocess.Popen([sys.executable, __file__, "--serve-sink", str(self.sink)])
        self.process = subprocess.Popen(
            [*words, "up", *self.flags], env=self.environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        made = subprocess.run(
            [*words, "token", "create", "--name", "bench"],
            env=self.environment,
            capture_output=True,
            check=True,
            text=True,
        )
        self.token = made.stdout.strip()

    def stop(self):
        """Ctrl-C; how many seconds it took until nothing ran any more."""
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(20)
        took = time.monotonic() - began
        self.sink_process.kill()
        self.sink_process.wait(20)
        return round(took, 2)

    def processes(self):
        group = str(self.process.pid)
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    stat = (folder / "stat").read_text().rpartition(")")[2].split()
                    if stat[2] == group:
                        yield folder
                except OSError:
                    continue

    def memory_by_role(self):
        """Role → MB; empty where the system does not tell."""
        found = {}
        for one in self.processes():
            pss = re.search(r"(?m)^Pss:\s+(\d+)", (one / "smaps_rollup").read_text())
            title = (one / "cmdline").read_text().rstrip("\0").replace("\0", " ")
            role = title.rpartition(": ")[2] if ": " in title else title.rpartition(" ")[2]
            found[role] = round(int(pss[1]) / 1024, 1)
        return found

    def memory_mb(self):
        """None where the system does not tell."""
        return round(sum(self.memory_by_role().values()), 1) or None


async def wait_ready(session, product):
    for port in (product.gateway, product.management):
        for _ in range(600):
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as reply:
                    if reply.status == 200:
                        break
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def install(session, product):
    admin = f"http://127.0.0.1:{product.management}/v1/admin"
    bearer = {"Authorization": f"Bearer {product.token}"}
    config = {"api_key": "bench", "partner_name": "bench", "base_url": f"http://127.0.0.1:{product.sink}"}
    body = {"name": "Bench", "config": config}
    async with session.post(f"{admin}/integration-catalog/insider/install", json=body, headers=bearer) as reply:
        assert reply.status == 201, await reply.text()
        product.installation = (await reply.json())["pipeline_integrations"][0]["id"]
    async with session.get(f"{admin}/pipelines", headers=bearer) as reply:
        product.key = (await reply.json())["data"][0]["pipeline_key"]


async def told(session, product):
    async with session.get(f"http://127.0.0.1:{product.sink}/told") as reply:
        return json.loads(await reply.read())


async def post(session, product, events):
    body = json.dumps({"batch": events})
    headers = {"Authorization": f"Bearer {product.key}", "Content-Type": "application/json"}
    async with session.post(f"http://127.0.0.1:{product.gateway}/v1/batch", data=body, headers=headers) as reply:
        assert reply.status == 200, await reply.text()


async def throughput(session, product, count):
    before = (await told(session, product))["users"]
    began = time.monotonic()
    await acknowledged(session, product, count)
    posted = time.monotonic() - began
    while (await told(session, product))["users"] - before < count:
        await asyncio.sleep(0.02)
    return {
        "events_per_second": round(count / (time.monotonic() - began)),
        "acknowledged_per_second": round(count / posted),
    }


async def latency(session, product, count):
    marks = {}
    for number in range(count):
        mark = f"{os.getpid()}-{time.time_ns()}"
        marks[mark] = time.time()
        await post(session, product, [event(number, mark=mark)])
        await asyncio.sleep(0.02)
    while not marks.keys() <= (arrived := (await told(session, product))["arrived"]).keys():
        await asyncio.sleep(0.02)
    took = sorted((arrived[mark] - sent) * 1000 for mark, sent in marks.items())
    return {"p50_ms": round(took[len(took) // 2], 1), "p99_ms": round(took[int(len(took) * 0.99) - 1], 1)}


async def lag(session, product):
    url = f"http://127.0.0.1:{product.management}/v1/admin/pipeline-integrations/{product.installation}"
    async with session.get(url, headers={"Authorization": f"Bearer {product.token}"}) as reply:
        return (await reply.json())["lag"]


async def set_sink(session, product, word):
    async with session.put(f"http://127.0.0.1:{product.sink}/{word}") as reply:
        await reply.read()


async def acknowledged(session, product, count):
    numbers = iter(range(0, count, BATCH))

    async def client():
        for first in numbers:
            await post(session, product, [event(first + n) for n in range(BATCH)])

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


async def backlog(session, product, count):
    """Memory by role: before, with the backlog, after a look at the control room, and once the vendor has it all."""
    found = {"at_rest": product.memory_by_role()}
    before = (await told(session, product))["users"]
    await set_sink(session, product, "down")
    began = time.monotonic()
    await acknowledged(session, product, count)
    posted = time.monotonic() - began
    while await lag(session, product) < count:
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)  # what the last batches needed is given back
    found["waiting"] = product.memory_by_role()
    await look_around(product)
    found["looked_at"] = product.memory_by_role()
    await set_sink(session, product, "up")
    began = time.monotonic()
    while (users := (await told(session, product))["users"] - before) < count:
        if users < count // 2 and "draining" not in found and users:
            found["draining"] = product.memory_by_role()
        await asyncio.sleep(0.1)
    drained = time.monotonic() - began
    found["drained"] = product.memory_by_role()
    rates = {"acknowledged_per_second": round(count / posted), "drained_per_second": round(count / drained)}
    return found, rates


def show_backlog(found, rates):
    roles = list(found["at_rest"])
    print(f"{'MB':<12}" + "".join(f"{role:>12}" for role in roles) + f"{'tree':>12}")
    for when, of in found.items():
        print(f"{when:<12}" + "".join(f"{of.get(role, 0):>12}" for role in roles) + f"{sum(of.values()):>12.1f}")
    trees = {f"memory_{when}_mb": round(sum(of.values()), 1) for when, of in found.items()}
    print(json.dumps({"bench": "end_to_end_backlog", **rates, **trees}))


async def measure_backlog(options):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        product = Product(Path(folder))
        product.start()
        try:
            async with aiohttp.ClientSession(read_bufsize=1 << 24) as session:
                await wait_ready(session, product)
                await install(session, product)
                await throughput(session, product, BATCH * 20)
                return await backlog(session, product, options.backlog)
        finally:
            product.stop()


async def measure(options):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        product = Product(Path(folder))
        product.start()
        try:
            async with aiohttp.ClientSession(read_bufsize=1 << 24) as session:
                await wait_ready(session, product)
                await install(session, product)
                await throughput(session, product, BATCH * 20)
                at_rest = product.memory_mb()
                rounds = [await throughput(session, product, options.events) for _ in range(options.rounds)]
                waits = [await latency(session, product, options.singles) for _ in range(options.rounds)]
                after = product.memory_mb()
        finally:
            stopped = product.stop()
    return rounds, waits, at_rest, after, stopped


def median(rows, name):
    return statistics.median(row[name] for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--singles", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, help="measure memory with so many events waiting, and nothing else")
    parser.add_argument("--folder", help="where the data folder is made, for the disk that is meant")
    parser.add_argument("--serve-sink", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_sink:
        asyncio.run(serve_sink(options.serve_sink))
        return
    if options.backlog:
        show_backlog(*asyncio.run(measure_backlog(options)))
        return
    rounds, waits, at_rest, after, stopped = asyncio.run(measure(options))
    figures = {
        "events_per_second": round(median(rounds, "events_per_second")),
        "acknowledged_per_second": round(median(rounds, "acknowledged_per_second")),
        "latency_p50_ms": median(waits, "p50_ms"),
        "latency_p99_ms": median(waits, "p99_ms"),
        "memory_at_rest_mb": at_rest,
        "memory_after_mb": after,
        "stop_seconds": stopped,
    }
    for name, figure in figures.items():
        print(f"{name:<26} {figure}")
    print(json.dumps({"bench": "end_to_end", **figures}))


if __name__ == "__main__":
    main()
