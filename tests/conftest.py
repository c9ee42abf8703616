"""Servers that several kinds of tests use, started when the first of them asks. No example of a property is judged by
how long it takes: that says how busy the machine is.
"""

import gc
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from datafly.store import migrate, open_store
from datafly.store import open as opening
from datafly.store.database import Database
from datafly.store.dialect import url_of
from datafly.testing.kafka import KafkaServers
from datafly.testing.postgres import PostgresServer, empty, fresh_database, given_server
from datafly.testing.store_suite import KEY

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# What is loaded stays, and what tests make has few cycles: to look for garbage at Python's own pace would be a sixth of
# the time.
gc.set_threshold(50_000, 10, 10)
MEMORY = Path("/dev/shm")  # Linux's
ROOM_BYTES = 4 * 1024**3
FOLDER = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Temporary folders are in memory where it has room: thousands of tests wait for no disk. What a killed process
    leaves behind is the same there, and no test takes the machine's power away.
    """
    is_worker = hasattr(config, "workerinput")  # it has the folder of those that started it
    if is_worker or "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    for left in MEMORY.glob("signal-tests-*-*"):
        if not Path(f"/proc/{left.name.split('-')[2]}").exists():  # its run was killed
            shutil.rmtree(left, ignore_errors=True)
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        folder = config.stash[FOLDER] = tempfile.mkdtemp(prefix=f"signal-tests-{os.getpid()}-", dir=MEMORY)
        Path(folder).chmod(0o711)  # PostgreSQL runs as somebody else
        os.environ["TMPDIR"] = tempfile.tempdir = folder


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """What failed can be looked at; it is on the disk then."""
    if session.testsfailed and (folder := session.config.stash.get(FOLDER, None)):
        kept = tempfile.mkdtemp(prefix="signal-failed-", dir="/tmp")
        with suppress(shutil.Error):  # sockets cannot be copied
            shutil.copytree(folder, kept, symlinks=True, dirs_exist_ok=True)


def pytest_unconfigure(config):
    if folder := config.stash.get(FOLDER, None):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items):
    """One worker starts the broker, one the database server, and whatever needs no other group goes there.

    What starts servers or the whole product comes first, in random order as all: at the end, no worker has a long one.
    """
    for item in items:
        asked = {"own_kafka", "postgres"} & set(item.fixturenames)
        if asked and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("kafka" if "own_kafka" in asked else "postgres"))
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("xdist_group", "acceptance"))))


def pytest_report_header():
    given = {name: os.environ.get(f"DATAFLY_TEST_{name.upper()}") for name in ("postgres", "kafka")}
    own = {"postgres": os.environ.get("POSTGRES_BIN"), "kafka": os.environ.get("KAFKA_JARS")}
    told = [
        f"{name} " + ("as given" if given[name] else f"of {own[name]}" if own[name] else "is not there: its tests fail")
        for name in given
    ]
    return f"engines: sqlite, {', '.join(told)}"


@cache
def tables_of_a_new_file():
    """What the migrations make of an empty file, as statements."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        database = Database(url_of(file), lambda: 0)
        migrate.migrate(database)
        database.close()
        with closing(sqlite3.connect(file)) as made:
            return [one for one in made.iterdump() if one not in ("BEGIN TRANSACTION;", "COMMIT;")]


@pytest.fixture(autouse=True)
def migrated(monkeypatch):
    """New files have their tables at once. The tests of migrations, and all Signals that are started, migrate."""

    def copied(database, before_upgrading=None):
        with database.write() as connection:
            if connection.dialect.name == "sqlite" and not migrate.revision_of(connection):
                for one in tables_of_a_new_file():
                    connection.exec_driver_sql(one)
        migrate.migrate(database, before_upgrading)

    monkeypatch.setattr(opening, "migrate", copied)


@pytest.fixture(scope="session")
def postgres():
    """The URL of a PostgreSQL server: that of DATAFLY_TEST_POSTGRES, else one of the distribution's programs."""
    if given := os.environ.get("DATAFLY_TEST_POSTGRES"):
        yield given_server(given)
        return
    with tempfile.TemporaryDirectory(prefix="signal-postgres-") as folder:  # where the server's own user comes in
        server = PostgresServer(Path(os.environ["POSTGRES_BIN"]), Path(folder))
        server.start()
        yield server.url
        server.stop()


@pytest.fixture
def postgres_place(postgres):
    """An empty database."""
    with fresh_database(postgres) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def _with_tables(postgres):
    with fresh_database(postgres) as url:
        open_store(url.render_as_string(hide_password=False), encryption_key=KEY).close()
        yield url


@pytest.fixture
def postgres_store(_with_tables):
    """A database with the tables of a store that nobody has written to."""
    empty(_with_tables)
    return _with_tables.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def own_kafka():
    """A broker that is started for the tests (scripts/kafka.sh)."""
    with tempfile.TemporaryDirectory(prefix="signal-kafka-") as folder:
        servers = KafkaServers(Path(os.environ["KAFKA_JARS"]), Path(folder) / "brokers")
        try:
            servers.start()
            yield servers
        finally:
            servers.stop()


@pytest.fixture(scope="session")
def kafka(request):
    """Addresses of brokers: those of DATAFLY_TEST_KAFKA, else of our own."""
    return os.environ.get("DATAFLY_TEST_KAFKA") or request.getfixturevalue("own_kafka").addresses
