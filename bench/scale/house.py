"""A broker, PostgreSQL, a vendor, and roles as processes of their own: what is measured for docs/scale.md."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import httpx
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from datafly.log.base import EVENTS
from datafly.log.kafka import KafkaLog, Place
from datafly.log.sqlite import SqliteLog
from datafly.model.installation import Installation, Revision, Template
from datafly.model.secret import Secret
from datafly.store import open_store
from datafly.testing.kafka import KafkaServers
from datafly.testing.ports import free_ports
from datafly.testing.postgres import PostgresServer, fresh_database
from scale import meters

KEY = "cd" * 32
PATIENCE_SECONDS = 120.0
POSTGRES = (
    "shared_preload_libraries=pg_stat_statements",
    "max_connections=200",
    "shared_buffers=256MB",
    "log_statement=none",
)
"""As it comes, durable, and counting statements."""
JAVA = ("-Xmx512m", "-Xms512m", "-XX:+UseSerialGC", "-Xshare:auto")
PORTS = {"gateway": "GATEWAY", "management": "MANAGEMENT"}


def until(look, what, *, pause=0.02):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > ends:
            raise SystemExit(f"not in time: {what}")
        time.sleep(pause)
    return found


class Role:
    """`words`: `gateway`, or `up` for all of them."""

    def __init__(self, role, folder, variables):
        port, health, management, sandbox = free_ports(4)
        self.role, self.url = role, f"http://127.0.0.1:{port}"
        self._health = self.url if role == "up" else f"http://127.0.0.1:{health}"
        self._management = f"http://127.0.0.1:{management}"
        own = {"DATAFLY_DATA_DIR": str(folder / f"{role}-{port}"), "DATAFLY_LOG_LEVEL": "warning"}
        own |= {"DATAFLY_GATEWAY_PORT": str(port), "DATAFLY_MANAGEMENT_PORT": str(management)}
        own |= {"DATAFLY_SANDBOX_PORT": str(sandbox)} | ({} if role == "up" else {"DATAFLY_HEALTH_PORT": str(health)})
        plain = {key: value for key, value in os.environ.items() if not key.startswith("DATAFLY_")}
        self._out = (folder / f"{role}-{port}.txt").open("wb")
        command = [sys.executable, "-m", "datafly", role]
        environment = {**plain, **own, **variables}
        self._process = subprocess.Popen(command, env=environment, stdout=self._out, stderr=subprocess.STDOUT)

    @property
    def pid(self):
        return self._process.pid

    def becomes_ready(self):
        until(self._is_ready, f"{self.role} is ready: {self.said()}", pause=0.05)

    def said(self):
        return Path(self._out.name).read_text(errors="replace")[-2000:]

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def end(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self.thaw()
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._out.close()

    def _is_ready(self):
        if self._process.poll() is not None:
            raise SystemExit(f"{self.role} ended: {self.said()}")
        asked = [self._health, *([self._management] if self.role == "up" else [])]
        try:
            return all(httpx.get(f"{one}/readyz", timeout=20).status_code == 200 for one in asked)
        except httpx.TransportError:
            return False


class House:
    """What all measurements share. `folder`: on the disk that is meant."""

    def __init__(self, folder):
        folder.chmod(0o755)  # PostgreSQL's user goes through it
        self.folder = folder
        self.brokers = KafkaServers(Path(os.environ["KAFKA_JARS"]), folder / "brokers", java=JAVA)
        self.postgres = PostgresServer(Path(os.environ["POSTGRES_BIN"]), folder / "postgres", options=POSTGRES)
        (self.sink_port,) = free_ports(1)
        self.sink = None
        self._http = httpx.Client(timeout=60)

    def start(self):
        self.brokers.start()
        self.postgres.start()
        server = meters.server_of(self.postgres.url)
        with server.connect() as connection:
            connection.exec_driver_sql("CREATE EXTENSION pg_stat_statements")
        self._server = server
        script = Path(__file__).parent / "sink.py"
        self.sink = subprocess.Popen([sys.executable, str(script), str(self.sink_port)])
        until(self._answers, "the vendor answers")
        (self.broker_pid,) = meters.children_of(os.getpid(), "kafka.Kafka")
        self.postgres_pid = int((self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def stop(self):
        if self.sink is not None:
            self.sink.kill()
            self.sink.wait()
        self._http.close()
        with contextlib.suppress(RuntimeError):
            self.postgres.stop()
        self.brokers.stop()

    def told(self):
        return self._http.get(f"http://127.0.0.1:{self.sink_port}/told").json()

    def forget(self):
        self._http.put(f"http://127.0.0.1:{self.sink_port}/forget")

    def forgive(self):
        """Whoever was down is not any more."""
        self._http.put(f"http://127.0.0.1:{self.sink_port}/up")

    def used(self, roles=()):
        """Processor seconds of each part so far, and what PostgreSQL counted."""
        cpu = {"broker": self.broker_pid, "postgres": self.postgres_pid, "sink": self.sink.pid}
        found = {name: meters.cpu_seconds(pid) for name, pid in cpu.items()}
        found |= {role: meters.cpu_seconds(pid) for role, pid in roles}
        own = os.times()
        found |= {"load": own.user + own.system, "machine": meters.machine_seconds()}
        return found | meters.database(self._server)

    @contextlib.contextmanager
    def site(self, partitions):
        """A database and topics of its own."""
        with (
            fresh_database(self.postgres.url) as database,
            tempfile.TemporaryDirectory(prefix="site-", dir=self.folder) as folder,
        ):
            yield Site(self, Path(folder), database, partitions)

    @contextlib.contextmanager
    def tree(self, **settings):
        """The embedded form."""
        with tempfile.TemporaryDirectory(prefix="tree-", dir=self.folder) as folder:
            yield Tree(self, Path(folder), settings)

    def _answers(self):
        try:
            return bool(self.told())
        except httpx.TransportError:
            return False


class Installed:
    """So many installations of one vendor, the first `down` of them down, numbered from `first`. `start`: partition →
    offset; else they are there from the beginning.
    """

    def __init__(self, store, house, count, *, down=0, partitions=1, flush_ms=None, first=0, start=None):
        self.pipeline = store.control.ensure_default_pipeline()
        for number in range(first, first + count):
            name = f"down{number}" if number < first + down else f"account{number}"
            config = {"api_key": Secret("key"), "partner_name": name.lower()}
            config["base_url"] = f"http://127.0.0.1:{house.sink_port}/{name}"
            if flush_ms is not None:
                config["flush_interval_ms"] = flush_ms
            template = Template(id=f"tpl_{number}", name=name, vendor="insider")
            revision = Revision(id=f"rev_{number}", template_id=template.id, number=1, config=config)
            one = Installation(
                id=f"pin_{number}",
                pipeline_id=self.pipeline.id,
                template=template,
                revision=revision,
                start=start or dict.fromkeys(range(partitions), 0),
            )
            store.control.install(template, revision, [one])


class Site:
    """One Signal on the brokers and the database, as many processes of each role as are asked for."""

    def __init__(self, house, folder, database, partitions):
        self.house, self.folder, self.partitions = house, folder, partitions
        self.prefix = f"b{uuid4().hex[:8]}."
        self.database = database
        url = database.set(drivername="postgresql").render_as_string(hide_password=False)
        self._url = database.render_as_string(hide_password=False)
        self.variables = {
            "DATAFLY_LOG_URL": f"kafka://{house.brokers.addresses}",
            "DATAFLY_STORE_URL": url,
            "DATAFLY_ENCRYPTION_KEY": KEY,
            "DATAFLY_KAFKA_PREFIX": self.prefix,
            "DATAFLY_KAFKA_PARTITIONS": str(partitions),
            "DATAFLY_KAFKA_REPLICATION": "1",
            "DATAFLY_KAFKA_MIN_INSYNC": "1",
            # Who is frozen until the load is there stays in its group.
            "DATAFLY_KAFKA_PROPERTIES": "session.timeout.ms=60000;max.poll.interval.ms=120000",
            "DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "true",
        }
        self._place = Place(
            servers=house.brokers.addresses, prefix=self.prefix, partitions=partitions, replication=1, min_insync=1
        )
        KafkaLog(self._place)
        self._admin = AdminClient({"bootstrap.servers": house.brokers.addresses})

    def install(self, count, **more):
        with open_store(self._url, encryption_key=Secret(KEY)) as store:
            return Installed(store, self.house, count, partitions=self.partitions, **more)

    def heads(self):
        """Partition → where its events end."""
        log = KafkaLog(self._place)
        found = {}
        for number in range(self.partitions):
            reader = log.reader(EVENTS, number)
            found[number] = reader.bounds().head
            reader.close()
        return found

    @contextlib.contextmanager
    def roles(self, **wanted):
        """`gateway=1, delivery=2`: role → its processes, ready."""
        started = {
            role: [Role(role, self.folder, self.variables) for _ in range(count)] for role, count in wanted.items()
        }
        try:
            for one in (one for group in started.values() for one in group):
                one.becomes_ready()
            yield started
        finally:
            for one in (one for group in started.values() for one in group):
                one.end()

    def processed(self):
        """How many records of `raw` are processed: positions are kept by the topic of `events`."""
        asked = ConsumerGroupTopicPartitions(f"{self.prefix}consumed")
        (found,) = self._admin.list_consumer_group_offsets([asked]).values()
        return sum(max(one.offset, 0) for one in found.result().topic_partitions)

    def shared_out(self, group, members):
        """Whether so many share the partitions, and none has less than another but for one."""
        asked = f"{self.prefix}{group}"
        (found,) = self._admin.describe_consumer_groups([asked]).values()
        held = [len(one.assignment.topic_partitions) for one in found.result().members]
        return len(held) == members and sum(held) == self.partitions and max(held) - min(held) <= 1

    def bytes(self):
        """Stream → bytes on the broker's disk."""
        folder = self.house.folder / "brokers"
        return {one: meters.topic_bytes(folder, f"{self.prefix}{one}") for one in ("raw", "events", "state")}


class Tree:
    """`datafly up` on a folder."""

    def __init__(self, house, folder, settings):
        self.house, self._folder = house, folder
        self._variables = {
            "DATAFLY_ENCRYPTION_KEY": KEY,
            "DATAFLY_DATA_DIR": str(folder / "data"),
            "DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "true",
            **settings,
        }

    def install(self, count, **more):
        (self._folder / "data").mkdir(mode=0o700)
        return self.install_more(count, **more)

    def install_more(self, count, **more):
        with open_store(self._folder / "data", encryption_key=Secret(KEY)) as store:
            return Installed(store, self.house, count, **more)

    def heads(self):
        """Partition → where its events end."""
        reader = SqliteLog(self._folder / "data" / "log", {EVENTS: 1}).reader(EVENTS, 0)
        try:
            return {0: reader.bounds().head}
        finally:
            reader.close()

    @contextlib.contextmanager
    def up(self):
        one = Role("up", self._folder, self._variables)
        try:
            one.becomes_ready()
            yield one
        finally:
            one.end()
