"""The store's promises, kept by SQLite and by PostgreSQL."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import msgspec
import psycopg
import pytest
from sqlalchemy.engine import make_url

from datafly.model.delivery import Sighting
from datafly.model.errors import Invalid
from datafly.store import open_store
from datafly.store.base import Writing
from datafly.store.dialect import create_engine
from datafly.testing.alert_suite import AlertSuite
from datafly.testing.erasure_suite import ErasureSuite
from datafly.testing.intake_suite import IntakeSuite
from datafly.testing.ledger_suite import LedgerSuite
from datafly.testing.people_suite import PeopleSuite
from datafly.testing.settings_suite import SettingsSuite
from datafly.testing.store_suite import KEY, OpeningSuite, StoreSuite
from datafly.testing.store_writer import numbered, waiting
from datafly.testing.template_suite import TemplateSuite


class TestControlInSqlite(StoreSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestTemplatesInSqlite(TemplateSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestLedgerInSqlite(LedgerSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestIntakeInSqlite(IntakeSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestPeopleInSqlite(PeopleSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestSettingsInSqlite(SettingsSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestAlertsInSqlite(AlertSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestErasuresInSqlite(ErasureSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestOpeningInPostgres(OpeningSuite):
    @pytest.fixture
    def place(self, postgres_place):
        return postgres_place


class TestControlInPostgres(StoreSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestTemplatesInPostgres(TemplateSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestLedgerInPostgres(LedgerSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestIntakeInPostgres(IntakeSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestPeopleInPostgres(PeopleSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestAlertsInPostgres(AlertSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestSettingsInPostgres(SettingsSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestErasuresInPostgres(ErasureSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


@contextmanager
def stopped_within(task, place, patience):
    """A process that is stopped in the middle of a writing; the server waits so long for it."""
    given = make_url(place).update_query_dict({"options": f"-c idle_in_transaction_session_timeout={patience}"})
    words = [task, given.render_as_string(hide_password=False), "pi_1"]
    process = subprocess.Popen([sys.executable, "-m", "datafly.testing.store_writer", *words], stderr=subprocess.PIPE)
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_a_process_that_is_stopped_in_the_middle_of_a_writing_does_not_hold_others_up(postgres_store):
    """The server ends what it has begun. It must hear of every row at once: see decision 0212."""
    with (
        stopped_within("stop", postgres_store, "200ms") as stopped,
        open_store(postgres_store, encryption_key=KEY) as store,
    ):
        store.ledger.write([numbered("pi_1", 2)])
        stopped.send_signal(signal.SIGCONT)
        assert b"Unavailable" in stopped.stderr.read()
        assert store.ledger.counts("pi_1")["requests"] == 2


def test_the_owner_of_a_partition_does_not_wait_for_that_of_another_of_the_same_installation(postgres_store):
    with stopped_within("stop-as-owner", postgres_store, "1h"), open_store(postgres_store, encryption_key=KEY) as store:
        of_its_own = msgspec.structs.replace(numbered("pi_1", 2), marks=(("pi_1", "", 1, 9),))
        store.ledger.write([of_its_own], owned={1: store.ledger.take_over(1)[0]})
        assert store.ledger.counts("pi_1")["requests"] == 2


def test_a_writing_of_many_installations_is_no_more_statements_than_that_of_one(postgres_store, monkeypatch):
    asked, execute = [], psycopg.Cursor.execute

    def counted(cursor, statement, *given, **more):
        asked.append(statement)
        return execute(cursor, statement, *given, **more)

    def of(name):
        waits = msgspec.structs.replace(waiting(30), installation_id=name)
        seen = Sighting(name, 1, "Seen", "", 1)
        return msgspec.structs.replace(numbered(name, 1), pending=(waits,), sightings=(seen,))

    with open_store(postgres_store, encryption_key=KEY) as store:
        owned = {0: store.ledger.take_over(0)[0]}
        monkeypatch.setattr(psycopg.Cursor, "execute", counted)
        store.ledger.write([of("pi_0")], owned=owned)
        alone = len(asked)
        store.ledger.write([of(f"pi_{number}") for number in range(1, 40)], owned=owned)
        assert len(asked) - alone == alone
    tables = [statement.split()[2] for statement in asked[:alone] if statement.startswith("INSERT")]
    assert tables == ["attempts", "outcomes", "marks", "pending"]
    assert set(re.findall(r"INSERT INTO (\w+)", asked[alone - 1])) == {"counters", "drained", "tallies", "sightings"}


def test_what_is_too_long_to_be_counted_is_refused_and_not_cut(postgres_store):
    named = Writing(sightings=(Sighting("pi_1", 1, "n" * 101, "", 1),))
    with open_store(postgres_store, encryption_key=KEY) as store:
        with pytest.raises(Invalid):
            store.ledger.write([named])
        assert store.ledger.sightings("pi_1", since_day=0) == []


def test_no_transaction_waits_for_ever_and_the_url_has_the_last_word(postgres_store):
    place = make_url(postgres_store).update_query_dict({"options": "-c lock_timeout=7s"})
    told = {"idle_in_transaction_session_timeout": "5s", "lock_timeout": "7s", "tcp_user_timeout": "30000"}
    engine = create_engine(place)
    with engine.connect() as connection:
        assert {one: connection.exec_driver_sql(f"SHOW {one}").scalar() for one in told} == told
    engine.dispose()
