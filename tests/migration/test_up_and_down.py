"""Every revision of the tables, up and down, on both engines and with rows in all tables."""

import threading
import time

import pytest

from datafly.model.errors import OperatorError
from datafly.store import open_store
from datafly.store.database import Database
from datafly.store.dialect import codes_beside
from datafly.store.ledger import SqlLedger
from datafly.store.migrate import HEAD, change, revisions, serves
from datafly.testing.store_suite import KEY
from datafly.testing.store_writer import WIDTH, numbered

FORGOTTEN = {"pending", "losses"}
"""What waits is told anew at every start, so no revision carries it over."""


def assert_all_is_there(before, after):
    """Of the columns that both have."""
    for name in before.keys() & after.keys() - FORGOTTEN:
        both = sorted(before[name][0].keys() & after[name][0].keys())
        assert [[row[one] for one in both] for row in after[name]] == [
            [row[one] for one in both] for row in before[name]
        ]


def test_every_revision_goes_up_down_and_up_again_with_what_it_holds(tables):
    shapes, names, rows = {}, {}, {}
    for revision in revisions():
        tables.bring(revision)
        shapes[revision] = tables.shape()
        assert_all_is_there(rows, tables.rows())
        tables.fill()
        rows = tables.rows()
        names[revision] = rows.keys()
    for revision in reversed(revisions()[:-1]):
        tables.bring(revision)
        assert tables.shape() == shapes[revision], revision
        left = tables.rows()
        assert left.keys() == names[revision]
        assert_all_is_there(rows, left)
    tables.bring(HEAD)
    assert tables.shape() == shapes[HEAD]
    assert_all_is_there(left, tables.rows())


def test_a_revision_that_is_not_there_is_refused(tables):
    tables.bring("0003")
    for wrong in ("9999", "base", "", "3"):
        with pytest.raises(OperatorError, match="There is no revision"):
            tables.bring(wrong)
    assert "notices" in tables.rows()


def test_code_of_before_goes_on_through_a_revision_that_only_adds(tables_in_postgres):
    """One that writes all the while, as a process does that was started with the version before."""
    tables_in_postgres.bring(before := serves(HEAD))
    assert before < HEAD
    old = Database(tables_in_postgres.url, tables_in_postgres.database.now_ms, code=before)
    ledger, written, failed, enough = SqlLedger(old), [], [], threading.Event()

    def work():
        try:
            while not enough.is_set() or len(written) < 20:
                ledger.write([numbered("pi_1", len(written))])
                written.append(len(ledger.deliveries(0, len(written) * WIDTH)))
        except Exception as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=work)
    thread.start()
    tables_in_postgres.bring(HEAD)
    enough.set()
    thread.join()
    assert failed == []
    assert set(written) == {1}
    assert ledger.coverage("pi_1", 0)[-1][1] == len(written) * WIDTH - 1
    assert ledger.counts("pi_1")["requests"] == len(ledger.attempts(limit=10**6)) == len(written)
    with old.write() as connection:
        forgotten = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts ORDER BY started_ms LIMIT 2)"
        assert connection.exec_driver_sql(forgotten).rowcount == 2
    old.close()


def until_nobody_is_beside(database):
    """The server ends a session a moment after its client has closed it."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with database.read() as connection:
            if not codes_beside(connection):
                return
        time.sleep(0.02)
    pytest.fail("somebody stays connected")


def test_processes_that_the_new_tables_would_not_serve_must_end_first(postgres_place):
    open_store(postgres_place, encryption_key=KEY).close()
    newer = open_store(postgres_place, encryption_key=KEY)
    newer.control.pipelines()
    url = newer._database._engine.url
    mover = Database(url, lambda: 1, code=HEAD)
    with pytest.raises(OperatorError, match="connected to the database that tables of revision 0014 do not serve"):
        change(mover, "0014")
    newer.close()
    until_nobody_is_beside(mover)
    change(mover, "0014")
    mover.close()


def test_code_starts_beside_newer_tables_only_where_they_say_that_they_serve_it(tables):
    tables.bring(HEAD)
    with tables.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9998'")
    for told, starts in ((f"9998 {HEAD}", True), ("9998 9997", False), (f"9997 {HEAD}", False)):
        with tables.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE facts SET value = '{told}' WHERE name = 'tables_serve'")
        if starts:
            open_store(tables.place, encryption_key=KEY).close()
        else:
            with pytest.raises(OperatorError, match="written by a newer"):
                open_store(tables.place, encryption_key=KEY)


def test_tables_that_stay_locked_are_left_as_they_are_and_it_is_said(tables_in_postgres, monkeypatch):
    monkeypatch.setattr("datafly.store.migrate._PAUSES", ())
    monkeypatch.setattr("datafly.store.dialect._LOCK_MS", 50)
    tables_in_postgres.bring("0019")
    with tables_in_postgres.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE attempts IN ACCESS SHARE MODE")
        with pytest.raises(OperatorError, match="in use too much"):
            tables_in_postgres.bring(HEAD)
    tables_in_postgres.bring(HEAD)
