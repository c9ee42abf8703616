"""Durable ingest over HTTP: the gateway with the SQLite log, loaded through sockets by a closed loop of connections.

    python bench/ingest_http.py
    python bench/ingest_http.py --seconds 10 --connections 256 --server granian
    python bench/ingest_http.py --workers 2
    python bench/ingest_http.py --brokers 127.0.0.1:9092

Three servers in processes of their own, one after the other in each round, so that the figures compare on any machine:
`nothing` answers at once and shows what the client itself can do; `bare` is an ASGI function and a SQLite group commit,
without checks; `gateway` is ours; with `--workers` also `gateways`, so many and their keeper; with `--brokers` also
`kafka`, ours with the log on Kafka, in topics of its own. Prints a table, medians over rounds, and one line of JSON.
"""

import argparse
import asyncio
import contextlib
import json
import os
import queue
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import apsw
import uvicorn
import uvloop

from datafly.ingest import GatewaySettings, create_gateway, server_config
from datafly.ingest.signature import UsedSignatures
from datafly.log.base import RAW
from datafly.log.group import GroupCommit
from datafly.log.spool import Disk, Spooled
from datafly.log.sqlite import SqliteLog
from datafly.model.installation import Pipeline
from datafly.runtime.frames import socket_path
from datafly.runtime.hand_over import HandOver
from datafly.runtime.keeper import Keeper
from datafly.runtime.ports import shared_socket

KEY = "dk_bench"
SERVERS = ("nothing", "bare", "gateway")
LOADS = {"single": ("/v1/t", 1), "batches of 100": ("/v1/batch", 100)}
OK = b'{"success": true}'
WARM_UP_SECONDS = 1.0


# --- servers ----------------------------------------------------------------------------------------------------------


class Wall:
    def now_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic(self):
        return time.monotonic()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


def gateway(folder):
    return gateway_over(GroupCommit(SqliteLog(folder, {RAW: 1}).appender(RAW, 0)).append)


def on_brokers(folder, brokers):
    from datafly.log.kafka import KafkaLog, Place  # noqa: PLC0415  only where asked for

    place = Place(servers=brokers, prefix=f"bench.{uuid.uuid4().hex[:8]}.", replication=1, min_insync=1)
    log = KafkaLog(place)
    return gateway_over(GroupCommit(Spooled(lambda: log.spread(RAW), Disk(folder / "spool", 1_000_000_000))).append)


def gateway_over(append):
    pipelines = {KEY: Pipeline("pip_bench", "Bench", "bench", KEY)}
    return create_gateway(
        GatewaySettings(), append=append, pipelines=lambda: pipelines, clock=Wall(), ready=lambda: None
    )


async def keep(folder, port, workers):
    """The keeper, and so many gateways in processes of their own, which end with it."""
    command = [sys.executable, __file__, "--serve", "worker", "--port", str(port), "--folder", str(folder)]
    started = [await asyncio.create_subprocess_exec(*command) for _ in range(workers)]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    group = GroupCommit(SqliteLog(folder, {RAW: 1}).appender(RAW, 0))
    try:
        await Keeper(group, UsedSignatures(Wall())).run(socket_path(folder), stop)
    finally:
        for one in started:
            one.terminate()
        await group.close()


async def work(folder, port):
    keeper = HandOver(socket_path(folder))
    following = asyncio.create_task(keeper.follow())
    await keeper.connected.wait()
    config = server_config(gateway_over(keeper.append), port=port)
    await uvicorn.Server(config).serve(sockets=[shared_socket("127.0.0.1", port)])
    following.cancel()


def bare(folder):
    """The least that is durable: one row a request, one transaction for all that waits."""
    waiting = queue.SimpleQueue()

    def commit():
        rows = apsw.Connection(str(folder / "bare.db"))
        rows.execute("pragma journal_mode=wal; pragma synchronous=full").fetchall()
        rows.execute("create table log(at integer primary key, v)")
        while True:
            calls = [waiting.get()]
            while not waiting.empty():
                calls.append(waiting.get())
            with rows:
                rows.executemany("insert into log(v) values(?)", [(body,) for body, _, _ in calls])
            calls[0][2].call_soon_threadsafe(lambda done: [call[1].set_result(None) for call in done], calls)

    threading.Thread(target=commit, daemon=True).start()

    async def app(_scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        loop = asyncio.get_running_loop()
        durable = loop.create_future()
        waiting.put((body, durable, loop))
        await durable
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(OK))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": OK})

    return app


class Nothing(asyncio.Protocol):
    """Counts the bytes of a request whose length it knows from the first one, and answers."""

    def connection_made(self, transport):
        self.transport, self.held, self.length = transport, b"", 0

    def data_received(self, data):
        self.held += data
        if not self.length and b"\r\n\r\n" in self.held:
            head = self.held.index(b"\r\n\r\n") + 4
            self.length = head + int(self.held.lower().split(b"content-length: ")[1].split(b"\r")[0])
        while self.length and len(self.held) >= self.length:
            self.held = self.held[self.length :]
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(OK), OK))


async def _serve_nothing(sock):
    server = await asyncio.get_running_loop().create_server(Nothing, sock=sock)
    await server.serve_forever()


async def _serve_granian(app, port):
    from granian.constants import Interfaces  # noqa: PLC0415  only where asked for
    from granian.server.embed import Server  # noqa: PLC0415

    await Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False).serve()


def serve(options):
    name, port, folder = options.serve, options.port, options.folder
    if name == "gateways":
        uvloop.run(keep(Path(folder), port, options.workers))
        return
    if name == "worker":
        uvloop.run(work(Path(folder), port))
        return
    if name == "nothing":
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        uvloop.run(_serve_nothing(sock))
        return
    app = (
        on_brokers(Path(folder), options.brokers)
        if name == "kafka"
        else {"bare": bare, "gateway": gateway}[name](Path(folder))
    )
    if options.server == "granian":
        uvloop.run(_serve_granian(app, port))
    else:
        uvicorn.Server(server_config(app, port=port)).run()


# --- client -----------------------------------------------------------------------------------------------------------


def event():
    return {
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": str(uuid.uuid4()),
        "messageId": str(uuid.uuid4()),
        "timestamp": "2026-11-23T19:37:42.123Z",
        "properties": {"product_id": "sku-1", "name": "Mug", "price": 12.5, "currency": "GBP", "quantity": 1},
        "context": {
            "page": {"url": "https://shop.example.com/product/1", "title": "Mug", "path": "/product/1"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120",
            "locale": "en-GB",
            "consent": {"marketing": True},
        },
    }


def request_bytes(path, size):
    body = json.dumps(event() if size == 1 else {"batch": [event() for _ in range(size)]}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Connection(asyncio.Protocol):
    """One request at a time; the next when the answer is whole."""

    def __init__(self, requests, latencies, end):
        self.requests, self.latencies, self.end = requests, latencies, end
        self.number, self.held = 0, b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.send()

    def send(self):
        self.at = time.perf_counter()
        self.transport.write(self.requests[self.number % len(self.requests)])
        self.number += 1

    def data_received(self, data):
        self.held += data
        head = self.held.find(b"\r\n\r\n") + 4
        if head < 4:
            return
        length = int(self.held[:head].lower().split(b"content-length: ")[1].split(b"\r")[0])
        if len(self.held) < head + length:
            return
        if not self.held.startswith(b"HTTP/1.1 200") or b"errors" in self.held:
            raise SystemExit(f"the server answered {self.held[:500]!r}")
        self.held = b""
        now = time.perf_counter()
        self.latencies.append((now, now - self.at))
        if now < self.end:
            self.send()
        else:
            self.transport.close()
            self.done.set_result(None)


async def load(port, pid, path, size, *, connections, seconds):
    """(requests a second, p50 ms, p99 ms, server's CPU µs a request, its memory in MB); the first seconds warm up."""
    requests = [request_bytes(path, size) for _ in range(200 if size == 1 else 20)]
    latencies, began, cpu = [], time.perf_counter() + WARM_UP_SECONDS, cpu_seconds(pid)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(requests, latencies, began + seconds), "127.0.0.1", port)
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*(protocol.done for _, protocol in opened))
    counted = sorted(latency for at, latency in latencies if at >= began)
    spent = (cpu_seconds(pid) - cpu) / len(latencies) * 1e6
    return len(counted) / seconds, _ms(counted, 0.5), _ms(counted, 0.99), spent, memory_mb(pid)


def cpu_seconds(pid):
    """What the process and its children have used so far; 0 where there is no /proc."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if str(pid) in (stat.parent.name, fields[1]):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    """What is resident of the process; 0 where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"(?m)^VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


def _ms(ascending, share):
    return ascending[int(len(ascending) * share)] * 1000


# --- rounds -----------------------------------------------------------------------------------------------------------


def measure(name, load_name, options):
    path, size = LOADS[load_name]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="ingest-http-") as folder:
        command = [sys.executable, __file__, "--serve", name, "--port", str(port), "--folder", folder]
        command += ["--server", options.server, "--workers", str(options.workers)]
        command += ["--brokers", options.brokers]
        server = subprocess.Popen(command)
        try:
            _wait_for(port)
            seconds, connections = options.seconds, options.connections
            return uvloop.run(load(port, server.pid, path, size, connections=connections, seconds=seconds))
        finally:
            server.terminate()
            server.wait()


def _wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the server did not start")


def report(options):
    rounds = {}
    servers = [*SERVERS, *(["gateways"] if options.workers > 1 else []), *(["kafka"] if options.brokers else [])]
    for _ in range(options.rounds):
        for load_name in LOADS:
            for name in servers:
                rounds.setdefault((load_name, name), []).append(measure(name, load_name, options))
    rows = []
    print(
        f"{'load':<16}{'server':<10}{'req/s':>10}{'events/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'cpu µs':>9}{'of bare':>9}"
    )
    for (load_name, name), figures in rounds.items():
        rate, p50, p99, cpu, memory = (statistics.median(column) for column in zip(*figures, strict=True))
        bare_rate = statistics.median(figure[0] for figure in rounds[load_name, "bare"])
        row = {"load": load_name, "server": name, "requests_per_second": round(rate)}
        row |= {
            "events_per_second": round(rate * LOADS[load_name][1]),
            "p50_ms": round(p50, 2),
            "p99_ms": round(p99, 2),
        }
        row["cpu_us_per_request"] = round(cpu, 1)
        row["memory_mb"] = round(memory, 1)
        row["ratio_to_bare"] = round(rate / bare_rate, 3)
        rows.append(row)
        print(
            f"{load_name:<16}{name:<10}{rate:>10,.0f}{row['events_per_second']:>11,}{p50:>9.2f}{p99:>9.2f}{cpu:>9.1f}"
            f"{row['ratio_to_bare']:>9.2f}"
        )
    told = {
        "connections": options.connections,
        "workers": options.workers,
        "seconds": options.seconds,
        "rounds": options.rounds,
    }
    print(json.dumps({"bench": "ingest_http", "server": options.server, "cpus": os.cpu_count(), **told, "rows": rows}))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--server", choices=("uvicorn", "granian"), default="uvicorn")
    parser.add_argument("--workers", type=int, default=1, help="gateways on one port; Linux alone")
    parser.add_argument("--brokers", default="", metavar="HOST:PORT,…", help="of Apache Kafka")
    parser.add_argument("--folder", help="where the log is written, for the disk that is meant")
    parser.add_argument("--serve", choices=(*SERVERS, "gateways", "worker", "kafka"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = _options()
    if chosen.serve:
        serve(chosen)
    else:
        report(chosen)
