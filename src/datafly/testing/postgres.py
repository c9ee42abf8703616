"""A PostgreSQL server in a folder of its own, from the distribution's programs, for tests and trials."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from datafly.store.schema import control_version

_SUPERUSER: Final = "signal"
_CALM: Final = ("fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB", "log_statement=none")
"""The machine does not lose power during a test; that a commit survives the end of clients and server is kept."""


class PostgresServer:
    """`bin_folder`: of `initdb` and `pg_ctl`. As root it runs as `nobody`, since PostgreSQL refuses root.

    Everybody comes in without a password, but who is called `poor`.
    """

    def __init__(self, bin_folder: Path, folder: Path, *, options: tuple[str, ...] = _CALM) -> None:
        self._bin, self._folder, self._options = bin_folder, folder, options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> URL:
        return URL.create("postgresql+psycopg", _SUPERUSER, None, "127.0.0.1", self.port, "postgres")

    def start(self) -> None:
        if not (self._folder / "PG_VERSION").exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            if os.getuid() == 0:
                shutil.chown(self._folder, "nobody")
            self._run("initdb", "-D", str(self._folder), "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync")
            rules = self._folder / "pg_hba.conf"
            rules.write_text(f"host all poor 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        given = " ".join(f"-c {one}" for one in ("listen_addresses=127.0.0.1", *self._options))
        words = f"-p {self.port} -k '' {given}"
        self._run("pg_ctl", "-D", str(self._folder), "-w", "-l", str(self._folder / "log"), "-o", words, "start")

    def stop(self, *, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self._folder), "-w", "-m", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        user = "nobody" if os.getuid() == 0 else None
        command = [str(self._bin / program), *arguments]
        ran = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603
        if ran.returncode:
            log = self._folder / "log"
            told = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program} ended with {ran.returncode}: {ran.stderr or ran.stdout}{told}")


@contextmanager
def fresh_database(server: URL, *, like: str = "template1") -> Iterator[URL]:
    """A database of its own, gone with what is in it at the end."""
    name = f"t_{uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def empty(database: URL) -> None:
    """All tables as the migrations left them. Cheaper than another database, of which each takes half a second."""
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.begin() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if name != "alembic_version"]
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # the audit log may be emptied here
        connection.exec_driver_sql(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
        connection.execute(sa.insert(control_version).values(id=1, version=0))


def given_server(text: str) -> URL:
    """Of `DATAFLY_TEST_POSTGRES`, by the driver that Signal uses."""
    return make_url(text).set(drivername="postgresql+psycopg")
