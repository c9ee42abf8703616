"""Roles as processes of their own, on Kafka and PostgreSQL, each with a data folder of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest

from datafly.log.base import RAW
from datafly.log.kafka import KafkaLog, Place
from datafly.model.event import Received
from datafly.model.secret import Secret
from datafly.runtime.token import create_token
from datafly.settings import Settings
from datafly.store import open_store
from datafly.testing.kafka import KafkaServers
from datafly.testing.ports import free_ports

pytestmark = pytest.mark.xdist_group("kafka")
PATIENCE_SECONDS = 120.0
KEY = "ab" * 32
PARTITIONS = 3


def until(look, what, tell):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < ends, f"not in time: {what}; {tell()}"
        time.sleep(0.05)


@pytest.fixture
def own_brokers():
    """One that the story starts, kills and starts again."""
    with tempfile.TemporaryDirectory(prefix="signal-kafka-") as folder:
        servers = KafkaServers(Path(os.environ["KAFKA_JARS"]), Path(folder) / "brokers")
        try:
            yield servers
        finally:
            servers.stop()


class Role:
    """`datafly ROLE` as a service manager runs it."""

    def __init__(self, role, folder, ports, variables):
        self.role, self.out = role, folder / f"{role}.txt"
        self.url, self.health = (f"http://127.0.0.1:{port}" for port in ports)
        names = {"gateway": "GATEWAY", "management": "MANAGEMENT", "sandbox": "SANDBOX"}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("DATAFLY_")}
        self._environment = {
            **plain,
            "DATAFLY_ENCRYPTION_KEY": KEY,
            "DATAFLY_KAFKA_PARTITIONS": str(PARTITIONS),
            "DATAFLY_KAFKA_REPLICATION": "1",
            "DATAFLY_KAFKA_MIN_INSYNC": "1",
            "DATAFLY_LOG_FORMAT": "json",
            "DATAFLY_DATA_DIR": str(folder / role),
            "DATAFLY_HEALTH_PORT": str(ports[1]),
            **({f"DATAFLY_{names[role]}_PORT": str(ports[0])} if role in names else {}),
            **variables,
        }
        self.process = None

    def start(self):
        self.launch()
        self.becomes_ready()

    def launch(self):
        with self.out.open("ab") as out:
            command = [sys.executable, "-m", "datafly", self.role]
            self.process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=subprocess.STDOUT)

    def becomes_ready(self):
        until(self.is_ready, f"{self.role} is ready", self.out.read_text)

    def is_ready(self):
        assert self.process.poll() is None, self.out.read_text()
        try:
            return httpx.get(f"{self.health}/readyz", timeout=PATIENCE_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def ask_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def end(self):
        """The exit status of one that is asked to end."""
        self.ask_to_end()
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def new_role(tmp_path):
    begun = []

    def make(role, **variables):
        begun.append(Role(role, tmp_path, free_ports(2), variables))
        return begun[-1]

    yield make
    for one in begun:
        if one.process and one.process.poll() is None:
            one.kill()
    assert not [one for one in begun if one.out.exists() and "Traceback" in one.out.read_text()]


def arrived(brokers):
    """Key → the ids of its messages in `raw`, each at its first arrival."""
    place = Place(servers=brokers.addresses, prefix="signal.", partitions=PARTITIONS, replication=1, min_insync=1)
    log, decode = KafkaLog(place), msgspec.json.Decoder(Received).decode
    found = {}
    for partition in range(PARTITIONS):
        reader = log.reader(RAW, partition)
        for record in reader.read(0, max_records=10_000):
            found.setdefault(record.key, {})[decode(record.value).message_id] = None
        reader.close()
    return {key: [*ids] for key, ids in found.items()}


def test_a_gateway_takes_events_while_brokers_are_away_and_they_get_them_in_order(
    new_role, postgres_store, own_brokers
):
    with open_store(postgres_store, encryption_key=Secret(KEY)) as store:
        key = store.control.ensure_default_pipeline().pipeline_key
    brokers = f"kafka://{own_brokers.addresses}"
    gateway = new_role("gateway", DATAFLY_STORE_URL=postgres_store, DATAFLY_LOG_URL=brokers)
    sent = {f"user-{number}": [] for number in range(5)}

    def send(count):
        """So many for each user."""
        for number in range(count * len(sent)):
            user = f"user-{number % len(sent)}"
            event = {"type": "track", "event": "Counted", "userId": user, "messageId": f"{user}:{len(sent[user])}"}
            authorization = {"Authorization": f"Bearer {key}"}
            reply = httpx.post(f"{gateway.url}/v1/track", json=event, headers=authorization, timeout=PATIENCE_SECONDS)
            assert reply.status_code == 200, reply.text
            sent[user].append(event["messageId"])

    def are_replayed(times):
        until(lambda: gateway.out.read_text().count("LogSpoolEnded") == times, "replayed", gateway.out.read_text)

    gateway.start()
    send(5)
    gateway.kill()
    gateway.start()
    send(5)
    own_brokers.start()
    send(5)
    are_replayed(1)
    send(5)
    own_brokers.pause(0)
    send(5)
    own_brokers.resume(0)
    send(5)
    are_replayed(2)
    send(5)
    assert gateway.end() == 0
    assert arrived(own_brokers) == sent


@pytest.fixture
def web():
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        yield client


def test_events_go_from_a_gateway_to_a_vendor_through_roles_that_share_nothing_but_kafka_and_postgres(
    new_role, postgres_store, kafka, tmp_path, web
):
    engines = {
        "DATAFLY_STORE_URL": postgres_store,
        "DATAFLY_LOG_URL": f"kafka://{kafka}",
        "DATAFLY_KAFKA_PREFIX": f"t{uuid4().hex}.",
        "DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "true",
    }
    names = ("gateway", "processor", "delivery", "management", "sandbox")
    roles = {name: new_role(name, **engines) for name in names}
    gateway, management, sandbox = (roles[name].url for name in ("gateway", "management", "sandbox"))
    roles["sandbox"].health = sandbox
    for one in roles.values():
        one.launch()
    for one in roles.values():
        one.becomes_ready()

    settings = Settings(data_dir=tmp_path, store_url=Secret(postgres_store), encryption_key=Secret(KEY))
    token = {"Authorization": f"Bearer {create_token(settings, name='test', role='admin')}"}
    vendor_key = web.post(f"{sandbox}/insider/_control/keys", json={"partner": "myco", "name": "Signal"}).json()["key"]
    config = {"api_key": vendor_key, "partner_name": "myco", "base_url": f"{sandbox}/insider"}
    body = {"name": "Insider", "variant": "default", "config": config, "delivery_mode": "server_side"}
    made = web.post(f"{management}/v1/admin/integration-catalog/insider/install", json=body, headers=token)
    assert made.status_code == 201, made.text
    installation = made.json()["pipeline_integrations"][0]["id"]

    pipeline = web.get(f"{management}/v1/admin/pipelines", headers=token).json()["data"][0]
    key = {"Authorization": f"Bearer {pipeline['pipeline_key']}"}
    for number in range(40):
        event = {
            "type": "track",
            "event": "Counted",
            "userId": f"user-{number % 8}",
            "properties": {"number": number},
            "context": {"consent": {"marketing": True}},
        }
        reply = web.post(f"{gateway}/v1/track", json=event, headers=key)
        assert reply.status_code == 200, reply.text

    def arrived():
        events = web.get(f"{sandbox}/insider/_control/events", params={"after": 0}).json()
        return [one["custom"]["number"] for one in events]

    def tell():
        return web.get(f"{management}/v1/admin/pipeline-integrations/{installation}", headers=token).text

    until(lambda: len(arrived()) >= 40, "the vendor has them all", tell)
    found = arrived()
    for user in range(8):
        assert [number for number in found if number % 8 == user] == list(range(user, 40, 8))
    for one in roles.values():
        one.ask_to_end()
    assert {name: one.process.wait(PATIENCE_SECONDS) for name, one in roles.items()} == dict.fromkeys(names, 0)
