"""The same product with its store in PostgreSQL."""

import os
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from datafly.store.migrate import FOLDER
from datafly.testing.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def own_server():
    """One that the story may stop."""
    with tempfile.TemporaryDirectory(prefix="signal-postgres-") as folder:
        server = PostgresServer(Path(os.environ["POSTGRES_BIN"]), Path(folder))
        server.start()
        yield server
        server.stop()


def written(url):
    return url.render_as_string(hide_password=False).replace("+psycopg", "")


STORE_USERS = ("gateway", "gateway", "keeper", "processor", "delivery", "delivery", "management")
"""Processes with a pool of their own, where two take events and two deliver."""


def connections(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'datafly %%'"
        return connection.exec_driver_sql(asked).scalar()


def test_while_postgres_is_away_events_are_taken_and_nothing_is_lost_or_doubled_when_it_is_back(
    new_signal, own_server, load_on
):
    workers = {"DATAFLY_GATEWAY_WORKERS": "2", "DATAFLY_DELIVERY_WORKERS": "2", "DATAFLY_STORE_CONNECTIONS": "2"}
    demo = new_signal(DATAFLY_STORE_URL=written(own_server.url), **workers)
    installation = demo.install(demo.vendor_key())
    with load_on(demo) as load:
        load.more(10 * load.BATCH)
        assert 0 < connections(own_server.url) <= 2 * len(STORE_USERS)
        own_server.stop()
        load.more(5 * load.BATCH)
        own_server.start()
        load.more(5 * load.BATCH)
        demo.kill()
        own_server.stop()
        own_server.start()
        demo.start()
        load.more(load.BATCH)
    demo.is_through(installation, delivered=len(load.acknowledged))
    numbers = [one["custom"]["number"] for one in demo.arrivals()]
    assert sorted(numbers) == list(range(len(load.acknowledged)))
    assert demo.installed(installation)["counts"]["DELIVERED"] == len(numbers)
    assert not (demo.data / "store.db").exists()


def test_what_is_wrong_with_the_database_stops_the_start_with_one_sentence(new_signal, postgres_place):
    for wrong, words in [
        ("mysql://somebody@127.0.0.1/x", "cannot be 'mysql'"),
        ("not a url://", "cannot be read"),
        ("postgresql://somebody@127.0.0.1:1/x", "refused"),
        (postgres_place.rpartition("/")[0] + "/nothing_here", "does not exist"),
    ]:
        said = new_signal(start=False).run("up", status=2, DATAFLY_STORE_URL=wrong).splitlines()[-1]
        assert said.startswith("datafly: ")
        assert words in said


def test_a_database_is_not_shared_by_two_logs_unless_it_is_said(new_signal, postgres_place):
    first = new_signal(DATAFLY_STORE_URL=postgres_place)
    assert first.interrupt()[0] == 0
    second = new_signal(start=False, DATAFLY_STORE_URL=postgres_place)
    second.data.mkdir()
    (second.data / "encryption.key").write_bytes((first.data / "encryption.key").read_bytes())
    assert "belongs to the log of another Signal" in second.run("up", "--demo", status=2)
    second.run("migrate", "--with-this-log")
    second.start()


def test_roles_do_not_change_the_tables_of_an_earlier_version_but_migrate_does(new_signal, postgres_place):
    one = new_signal(start=False, DATAFLY_STORE_URL=postgres_place)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    engine = sa.create_engine(postgres_place)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0014")
    engine.dispose()
    assert "datafly migrate" in one.run("token", "create", "--name", "more", status=2)
    one.run("migrate")
    one.run("token", "create", "--name", "more")
    assert "There is no revision 0999" in one.run("migrate", "--to", "0999", status=2)
    assert one.run("migrate", "--to", "0014") == "The store's tables are at revision 0014.\n"
    assert "datafly migrate" in one.run("token", "create", "--name", "more", status=2)
