"""Databases at any revision, their shapes, and rows for every table of them."""

import sqlite3

import pytest
import sqlalchemy as sa

from datafly.store import dialect
from datafly.store.database import Database
from datafly.store.migrate import HEAD, change

PARTS = ("attempts_", "outcomes_")
"""Tables that are parts of others begin so."""


class Tables:
    """A database, at the revision that it is brought to."""

    def __init__(self, place):
        self.place = str(place)
        self.url = dialect.url_of(self.place)
        self.database = Database(self.url, lambda: 1_795_600_000_000, code=HEAD)
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)

    def bring(self, revision):
        change(self.database, revision)

    def shape(self):
        """Tables, columns, keys, constraints and indexes, as the database tells them; order means nothing."""
        return _sqlite_shape(self.url.database) if self.url.get_backend_name() == "sqlite" else _postgres_shape(self)

    def fill(self):
        """A row in each table that has none, of whatever it takes."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no row must be of another
            for name in self._names():
                if not self._rows_of(connection, name):
                    columns = sa.inspect(connection).get_columns(name)
                    table = sa.table(name, *(sa.column(one["name"], one["type"]) for one in columns))
                    connection.execute(sa.insert(table).values({one["name"]: _value(one["type"]) for one in columns}))

    def rows(self):
        """Of each table, but for what migrating itself keeps."""
        with self.engine.connect() as connection:
            return {name: self._rows_of(connection, name) for name in self._names()}

    def _names(self):
        names = sa.inspect(self.engine).get_table_names()
        return [name for name in names if not name.startswith(PARTS) and name != "alembic_version"]

    @staticmethod
    def _rows_of(connection, name):
        rows = connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()
        return [dict(row) for row in rows if row.get("name") != "tables_serve"]


@pytest.fixture
def migrated():
    """Revision by revision, here."""


@pytest.fixture(params=["sqlite", "postgres"])
def tables(request, tmp_path):
    """Of either engine; none are there yet."""
    opened = Tables(tmp_path if request.param == "sqlite" else request.getfixturevalue("postgres_place"))
    yield opened
    opened.database.close()


@pytest.fixture
def tables_in_postgres(postgres_place):
    opened = Tables(postgres_place)
    yield opened
    opened.database.close()


def _value(kind):
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer | sa.Float):
        return 1
    return b"x" if isinstance(kind, sa.LargeBinary) else '{"a": 1}'


def _sqlite_shape(file):
    connection = sqlite3.connect(file)
    told = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: frozenset(line.strip().rstrip(", ") for line in sql.splitlines()) for name, sql in told}


def _postgres_shape(tables):
    asked = (
        """SELECT table_name, concat(column_name, data_type, is_nullable, column_default, character_maximum_length)
        FROM information_schema.columns WHERE table_schema = 'public'""",
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        """SELECT relname, concat(conname, pg_get_constraintdef(c.oid))
        FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid""",
        "SELECT relname, tgname FROM pg_trigger JOIN pg_class t ON t.oid = tgrelid WHERE NOT tgisinternal",
        "SELECT proname, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    )
    with tables.engine.connect() as connection:
        told = {tuple(row) for question in asked for row in connection.exec_driver_sql(question)}
    return {row for row in told if not row[0].startswith(PARTS)}
