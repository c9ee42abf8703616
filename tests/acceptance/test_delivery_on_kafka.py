"""Processes of delivery share the partitions of a log on Kafka, with what they keep in PostgreSQL."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import httpx
import msgspec
import pytest

from datafly.log.base import EVENTS, Entry, partition_of
from datafly.log.kafka import KafkaLog, Place
from datafly.model.consent import Consent
from datafly.model.errors import Unavailable
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.secret import Secret
from datafly.model.verdict import Verdict
from datafly.store.open import open_store

pytestmark = pytest.mark.xdist_group("postgres")

PARTITIONS = 4
LANES = 2
PATIENCE_SECONDS = 120.0
USERS = [f"user{number}" for number in range(20)]
KEY = "ab" * 32
ROLE = """
import os, sys
from datafly.runtime.child import work
from datafly.settings import find
work(sys.argv[1], find({}, os.environ)[0])
"""


def until(look, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {PATIENCE_SECONDS:g} s: {what}; last seen {seen!r}")
        time.sleep(0.05)
    return seen


class Receiver:
    """Takes one event a request, and remembers them; `slow` seconds for each."""

    def __init__(self):
        self.taken = []
        self.slow = 0.0
        self.status = 200
        self._lock = threading.Lock()

    def take(self, body):
        time.sleep(self.slow)
        with self._lock:
            if self.status == 200:
                self.taken.append(json.loads(body))
            return self.status

    @property
    def ids(self):
        with self._lock:
            return [one["messageId"] for one in self.taken]

    @contextmanager
    def serving(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                status = receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Who was killed does not hang up."""

        server = Server(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            server.server_close()


class House:
    def __init__(self, folder, kafka, store_url, receiver, url):
        self.folder, self.receiver, self.url = folder, receiver, url
        self.prefix = f"t{uuid4().hex}."
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.store_url = store_url
        self.log = KafkaLog(
            Place(servers=kafka, prefix=self.prefix, partitions=PARTITIONS, replication=1, min_insync=1)
        )
        self.appenders = [until(lambda n=number: self.opened(n), "it can be written") for number in range(PARTITIONS)]
        self.readers = [self.log.reader(EVENTS, number) for number in range(PARTITIONS)]
        self.store = open_store(store_url, encryption_key=Secret(KEY))
        self.token = self.store.control.create_token("test", "admin")[1]
        self.store.control.create_pipeline(Pipeline(id="pip", name="Shop", slug="shop", pipeline_key="dk_shop"))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DATAFLY_")},
            "DATAFLY_LOG_URL": f"kafka://{kafka}",
            "DATAFLY_KAFKA_PREFIX": self.prefix,
            "DATAFLY_KAFKA_PARTITIONS": str(PARTITIONS),
            "DATAFLY_KAFKA_REPLICATION": "1",
            "DATAFLY_KAFKA_MIN_INSYNC": "1",
            "DATAFLY_KAFKA_PROPERTIES": "session.timeout.ms=6000",
            "DATAFLY_STORE_URL": store_url,
            "DATAFLY_ENCRYPTION_KEY": KEY,
            "DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "true",
            "DATAFLY_DELIVERY_LANES": str(LANES),
            "DATAFLY_LOG_FORMAT": "json",
            "DATAFLY_MANAGEMENT_PORT": str(self.port),
        }
        self.processes = {}
        self.count = 0

    def opened(self, partition):
        """A broker that has just begun does not know yet who leads what."""
        with suppress(Unavailable):
            return self.log.appender(EVENTS, partition)

    def start(self, name, role="delivery"):
        out = (self.folder / f"{name}.out").open("ab")
        given = {"DATAFLY_DATA_DIR": str(self.folder / name)}
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-c", ROLE, role],
            env={**self.environment, **given},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        out.close()

    def said(self, name, word):
        return sum(word in line for line in (self.folder / f"{name}.out").read_text().splitlines())

    def stop(self, name):
        """As whoever started it does: its input ends."""
        process = self.processes.pop(name)
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0, (self.folder / f"{name}.out").read_text()

    def kill(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()
        process.stdin.close()

    def pause(self, name):
        self.processes[name].send_signal(signal.SIGSTOP)

    def wake(self, name):
        self.processes[name].send_signal(signal.SIGCONT)

    def api(self, method, path, body=None, *, expect=200):
        reply = httpx.request(
            method,
            f"http://127.0.0.1:{self.port}/v1/admin/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=PATIENCE_SECONDS,
        )
        assert reply.status_code == expect, reply.text
        return reply.json() if reply.content else None

    def config(self):
        return {
            "url": self.url,
            "signing_secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "requests_per_minute": 60_000,
        }

    def install(self, name="ins"):
        """Without a management."""
        config = {**self.config(), "url": Secret(self.url), "signing_secret": Secret(self.config()["signing_secret"])}
        template = Template(id=f"tpl_{name}", name=name, vendor="signed_webhook")
        revision = Revision(id=f"rev_{name}", template_id=template.id, number=1, config=config)
        one = Installation(name, "pip", template, revision, start=self.heads())
        self.store.control.install(template, revision, [one])

    def installed(self, name):
        """By the API; its id."""
        body = {"name": name, "config": self.config(), "pipeline_ids": ["pip"]}
        made = self.api("POST", "integration-catalog/signed_webhook/install", body, expect=201)
        return made["pipeline_integrations"][0]["id"]

    def stands(self, installation):
        return self.api("GET", f"pipeline-integrations/{installation}")

    def heads(self):
        return {number: reader.bounds().head for number, reader in enumerate(self.readers)}

    def append(self, *keys, marketing=True, kind="track"):
        """One event for each key, in the partition of its key, a few in a transaction; they can be read then, which
        brokers allow a moment after they took them, and where that ends an installation begins.
        """
        by_partition = defaultdict(list)
        for key in keys:
            number, self.count = self.count, self.count + 1
            now_ms = time.time_ns() // 1_000_000
            event = Event(
                f"e{number}",
                kind,
                "pip",
                key,
                now_ms,
                now_ms,
                anonymous_id=key,
                event="Bought" if kind == "track" else None,
                context={"consent": {"marketing": marketing}},
                consent=Consent({"marketing": marketing}, "event"),
            )
            by_partition[partition_of(key, PARTITIONS)].append(Entry(key, msgspec.json.encode(event)))
        ends = {
            number: self.appenders[number].append(entries) + len(entries) for number, entries in by_partition.items()
        }
        until(
            lambda: all(self.readers[number].bounds().head >= end for number, end in ends.items()), "they can be read"
        )

    def found(self, name="ins", run=""):
        """(partition, offset) → its final verdicts."""
        found = defaultdict(list)
        for partition in range(PARTITIONS):
            for first, last, verdict in self.store.ledger.coverage(name, partition, run_id=run):
                for offset in range(first, last + 1):
                    found[partition, offset].append(verdict)
        return found

    def is_through(self, name="ins", count=None):
        return len(self.found(name)) >= (self.count if count is None else count)

    def close(self):
        for name in [*self.processes]:
            self.kill(name)
        for one in (*self.appenders, *self.readers):
            one.close()
        self.store.close()


@pytest.fixture
def house(tmp_path, kafka, postgres_store):
    receiver = Receiver()
    with receiver.serving() as url:
        made = House(tmp_path, kafka, postgres_store, receiver, url)
        try:
            yield made
        finally:
            made.close()


def assert_in_order(taken):
    """Of each person in the order of the log; what came twice comes again from a point on."""
    newest = {}
    for one in taken:
        key, number = one["anonymousId"], int(one["messageId"][1:])
        if one["messageId"] in newest.setdefault(key, {}):
            continue
        assert all(number > int(known[1:]) for known in newest[key])
        newest[key][one["messageId"]] = True


def test_processes_share_the_partitions_and_whoever_is_left_goes_on(house):
    """One is killed and one is thought dead while they are at it; a third goes on with all of it."""
    house.append(*USERS)
    house.install()
    for name in ("killed", "asleep", "left"):
        house.start(name)
    until(lambda: all(house.said(name, "DeliverPartitionTaken") for name in house.processes), "each has some")
    house.receiver.slow = 0.02
    before = house.count
    house.append(*USERS * 25)
    until(lambda: len(house.receiver.ids) > 100, "they are at it")
    house.pause("asleep")
    house.kill("killed")
    sent = {f"e{number}" for number in range(before, house.count)}  # the installation began at the head
    until(lambda: house.is_through(count=len(sent)), "all is final")
    house.receiver.slow = 0.0
    house.wake("asleep")
    until(lambda: house.said("asleep", "LogPartitionGone") or house.said("asleep", "TakenOver"), "it hears of it")
    house.append(*USERS * 5)
    sent |= {f"e{number}" for number in range(before, house.count)}
    until(lambda: house.is_through(count=len(sent)), "what came later is final, too")
    assert set(house.receiver.ids) == sent
    twice = [one for one, times in Counter(house.receiver.ids).items() if times > 1]
    assert len(twice) <= 2 * LANES * PARTITIONS
    assert {tuple(given) for given in house.found().values()} == {(Verdict.DELIVERED,)}
    assert_in_order(house.receiver.taken)
    for name in ("asleep", "left"):
        house.stop(name)


def test_management_works_over_all_partitions_and_a_withdrawal_stops_what_is_queued(house):
    house.append(*USERS)
    house.start("management", "management")
    until(lambda: house.said("management", "ready"), "management is there")
    first = house.installed("first")
    house.start("one")
    until(lambda: house.said("one", "DeliverPartitionTaken") == PARTITIONS, "it has all")
    house.receiver.status = 503
    queued = {f"e{house.count + number}" for number in range(2 * len(USERS))}
    house.append(*USERS * 2)
    until(lambda: house.stands(first)["state"]["name"] == "backing_off", "they wait for the receiver")
    house.append(USERS[0], marketing=False, kind="consent")
    assert house.stands(first)["lag"] >= len(queued)
    withdrawn = {f"e{len(USERS)}", f"e{2 * len(USERS)}"}
    house.start("two")
    until(lambda: house.said("two", "DeliverPartitionTaken"), "it has some")
    house.receiver.status = 200
    until(lambda: house.stands(first)["lag"] == 0, "all is final, and nothing seems to be left")
    taken = {one["messageId"] for one in house.receiver.taken if one["type"] == "track"}
    assert taken == queued - withdrawn  # nothing of before it was installed, nothing of who withdrew

    (found,) = house.api("GET", f"live-events?message_id=e{len(USERS) + 1}")["data"]
    assert [one["verdict"] for one in found["deliveries"]] == ["DELIVERED"]
    newest = house.api("GET", "live-events?limit=30")["data"]
    assert newest[0]["message_id"] == f"e{house.count - 1}"
    assert len({one["message_id"] for one in newest}) == 30

    body = {"pipeline_integration_id": first, "since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    told = house.api("POST", "replays", {**body, "event": "Bought"}, expect=202)
    assert (told["count"], told["more"]) == (3 * len(USERS), False)  # with those of before it was installed
    replay = told["replay"]["id"]
    until(lambda: house.api("GET", f"replays/{replay}")["state"] == "done", "the replay is done")
    assert house.api("GET", f"replays/{replay}")["verdicts"] == {
        "DELIVERED": 3 * (len(USERS) - 1),
        "SKIPPED": 3,
    }
    again = Counter(one["messageId"] for one in house.receiver.taken)
    assert {again[one] for one in queued - withdrawn} == {2}

    late = house.installed("late")
    house.api("POST", f"pipeline-integrations/{late}/pause")
    house.append(*USERS)
    until(lambda: house.stands(first)["lag"] == 0, "the other one goes on")
    assert house.stands(late)["lag"] >= len(USERS)
    house.api("DELETE", f"pipeline-integrations/{late}", expect=204)
    until(lambda: house.is_through(late, count=len(USERS)), "what was left of it is closed")
    assert {tuple(given) for given in house.found(late).values()} == {(Verdict.SKIPPED,)}
    for name in ("one", "two", "management"):
        house.stop(name)
