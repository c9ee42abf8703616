"""What roles share is looked at before they begin."""

import time

import pytest
import sqlalchemy as sa

from datafly.model.errors import OperatorError, Unavailable
from datafly.model.secret import Secret
from datafly.observe import add_sink
from datafly.observe.store import StoreClockApart
from datafly.runtime.lone import OWN_HEALTH_PORT
from datafly.runtime.shared_engines import prepare_shared, tell_clocks
from datafly.settings import Settings
from datafly.store import open_store
from datafly.store.migrate import HEAD, revisions
from datafly.testing.store_suite import KEY

ROLES = (*OWN_HEALTH_PORT,)


@pytest.mark.parametrize(("hours", "words"), [(-5, "behind that of the database"), (5, "ahead of that"), (0, "")])
def test_a_clock_that_is_not_that_of_the_database_is_told_with_what_to_do(postgres_store, hours, words):
    told = []
    forget = add_sink(lambda event: told.append(event) if isinstance(event, StoreClockApart) else None)
    skewed = lambda: time.time_ns() // 1_000_000 + hours * 3_600_000  # noqa: E731 - a clock
    with open_store(postgres_store, encryption_key=KEY, now_ms=skewed) as store:
        tell_clocks(store)
    forget()
    assert [round(one.seconds / 3_600) for one in told] == ([hours] if hours else [])
    assert all(words in one.reason and "NTP" in one.reason for one in told)


def told(kind, url, folder):
    """What each role says to that: the same."""
    said = set()
    for role in ROLES:
        settings = Settings(data_dir=folder, store_url=Secret(url), encryption_key=KEY, log_url="kafka://127.0.0.1:1")
        with pytest.raises(kind) as refusal:
            prepare_shared(settings, role)
        said.add(refusal.value.message)
    (sentence,) = said
    assert "\n" not in sentence
    assert "secret" not in sentence
    return sentence


@pytest.fixture
def guarded(postgres_place):
    """The URL of a database as a user has it who gives a password and owns nothing."""
    engine = sa.create_engine(postgres_place, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # as it is from version 15 on
        connection.exec_driver_sql("CREATE ROLE poor LOGIN PASSWORD 'poor-secret'")
        yield engine.url.set(drivername="postgresql", username="poor", password="poor-secret")
        connection.exec_driver_sql("DROP ROLE poor")
    engine.dispose()


def test_a_database_that_does_not_let_signal_in_stops_each_role_with_what_to_do(guarded, tmp_path):
    for wrong, words in [
        (guarded.set(password="guessed-secret"), "the user or the password is wrong (DATAFLY_STORE_URL)"),
        (guarded._replace(password=None), "a password, and none is given (DATAFLY_STORE_URL)"),
        (guarded.set(database="nothing_here"), "there is no such database: make it, or name another"),
        (guarded.update_query_dict({"sslmode": "require"}), "cannot be secured as its sslmode asks"),
        (guarded.update_query_dict({"sslmod": "require"}), "the URL says what the driver does not know"),
        (guarded, "permission denied for schema public. Let Signal's user own the database"),
    ]:
        assert words in told(OperatorError, wrong.render_as_string(hide_password=False), tmp_path)


def test_a_url_that_cannot_be_read_stops_each_role_and_no_part_of_its_password_is_shown(tmp_path):
    for wrong, words in [
        ("postgresql://poor:top@secret/x@127.0.0.1:1/signal", "write an @ of the user or the password as %40"),
        ("postgresql://poor:poor-secret@127.0.0.1:54x2/signal", "postgresql://USER:PASSWORD@HOST:5432/DATABASE"),
    ]:
        assert words in told(OperatorError, wrong, tmp_path)


def test_for_a_database_that_is_not_there_yet_each_role_waits_and_says_so(tmp_path):
    for wrong, words in [
        ("postgresql://poor:poor-secret@127.0.0.1:1/signal", "Connection refused."),
        ("postgresql://poor:poor-secret@certificates.invalid/signal", "host 'certificates.invalid'"),
    ]:
        assert words in told(Unavailable, wrong, tmp_path)


def test_tables_of_another_version_stop_each_role_with_the_command_that_mends_it(postgres_store, tmp_path):
    engine = sa.create_engine(postgres_store)

    def are_of(revision):
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})

    try:
        are_of(revisions()[-2])
        assert "earlier version: run `datafly migrate`" in told(OperatorError, postgres_store, tmp_path)
        are_of("9999")
        newer = told(OperatorError, postgres_store, tmp_path)
        assert "written by a newer one. Install that version again" in newer
        assert newer.endswith(f"or let it take the tables back: datafly migrate --to {HEAD}.")
    finally:
        are_of(HEAD)
        engine.dispose()
