"""What holds for SQLite alone: the file, its bytes, its locks, the plans of its queries."""

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from datafly.model.delivery import LIVE, WARNING, Notice, Outcome, Sighting
from datafly.model.errors import OperatorError, Unavailable
from datafly.model.refusal import IntakeCount
from datafly.model.verdict import Ruling, Verdict
from datafly.store import SqlStore, Writing, dialect, lookup, open_store, schema
from datafly.testing.store_suite import KEY, VENDOR_SECRET, integration
from datafly.testing.store_writer import WIDTH, numbered


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path, encryption_key=KEY) as opened:
        yield opened


@pytest.mark.parametrize("place", ["data", "data/store.db"])
def test_a_data_directory_and_its_file_are_one_store(tmp_path, place):
    for form in (tmp_path / place, str(tmp_path / place), f"sqlite:///{tmp_path}/data/store.db"):
        open_store(form, encryption_key=KEY).close()
    assert sorted(file.name for file in (tmp_path / "data").iterdir()) == ["store.db", "store.db.lock"]


def test_the_files_are_readable_by_their_owner_alone(store: SqlStore, tmp_path):
    store.control.ensure_default_pipeline()
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 4


def test_no_secret_and_no_token_is_in_the_bytes_on_disk(store: SqlStore, tmp_path):
    pipeline = store.control.ensure_default_pipeline()
    store.control.install(*integration(pipeline.id))
    _, text = store.control.create_token("ci", "admin")
    store.control.find_token(text)
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"partner_name" in held, "the config is in these bytes"
    assert VENDOR_SECRET.encode() not in held
    assert b"deep-1" not in held
    assert text.encode() not in held
    assert text.removeprefix("dft_").encode() not in held
    assert b"***" not in held


def test_an_unwritable_place_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot be opened"):
        open_store(tmp_path / "file" / "data", encryption_key=KEY)
    with pytest.raises(OperatorError, match="mysql"):
        open_store("mysql://nowhere/x", encryption_key=KEY)


def test_a_full_disk_is_unavailable_and_the_store_recovers(store: SqlStore, tmp_path):
    store.ledger.write([numbered("pi_1", 0)])
    _limit_pages(store, spare=0)
    with pytest.raises(Unavailable):
        _write_until_refused(store)
    kept = store.ledger.progress("pi_1", 0).mark // WIDTH
    _limit_pages(store, spare=10_000)
    store.ledger.write([numbered("pi_1", kept)])
    assert store.ledger.counts("pi_1")["requests"] == kept + 1


def test_a_store_that_became_read_only_is_unavailable_for_changes_read_all_the_same_and_recovers(store: SqlStore):
    pipeline = store.control.ensure_default_pipeline()
    store.ledger.write([numbered("pi_1", 0)])
    _read_only(store, now=True)
    for change in (
        lambda: store.ledger.write([numbered("pi_1", 1)]),
        lambda: store.control.update_pipeline(pipeline.id, {"enabled": False}),
        lambda: store.control.renew_key(pipeline.id, expires_ms=None),
        lambda: store.intake.add([IntakeCount(pipeline.id, "", 60_000, 5)], [], most=10),
    ):
        with pytest.raises(Unavailable, match="readonly"):
            change()
        assert store.control.pipelines() == [pipeline]
        assert store.ledger.counts("pi_1")["requests"] == 1
    _read_only(store, now=False)
    store.ledger.write([numbered("pi_1", 1)])
    store.intake.add([IntakeCount(pipeline.id, "", 60_000, 5)], [], most=10)
    assert store.ledger.counts("pi_1")["requests"] == 2
    assert store.intake.totals(pipeline.id) == {"": 5}
    assert store.control.update_pipeline(pipeline.id, {"enabled": False}).enabled is False


def test_threads_write_and_read_one_store_at_once(store: SqlStore):
    failed = []

    def work(name):
        try:
            for number in range(10):
                store.ledger.write([numbered(name, number)])
                store.control.ensure_default_pipeline()
                assert store.ledger.progress(name, 0).mark == (number + 1) * WIDTH
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"pi_{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(store.control.pipelines()) == 1
    assert set(store.ledger.marks().values()) == {10 * WIDTH}


def test_a_reader_is_not_held_up_by_a_writer(store: SqlStore, tmp_path):
    store.ledger.write([numbered("pi_1", 0)])
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM attempts")
    assert len(store.ledger.attempts()) == 1
    other.execute("ROLLBACK")
    other.close()


def test_every_look_up_goes_through_an_index(store: SqlStore):
    """A scan would grow with the table."""
    run = lookup.Run("pi_1", LIVE, 0)
    asked = _statements(store, lambda: _look_up_everything(store, run))
    assert len(asked) > 10
    for statement, values in asked:
        with store._database.read() as connection:
            plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values).all()
        scans = [row.detail for row in plan if row.detail.startswith("SCAN")]
        assert [scan for scan in scans if "INDEX" not in scan] == [], statement


def test_a_range_of_any_width_is_found(store: SqlStore):
    skipped = Ruling(Verdict.SKIPPED, "disabled")
    ranges = [(10**exponent, 10**exponent * 5) for exponent in range(0, 17, 2)]
    outcomes = [Outcome(f"pi_{first}", 0, first, last, skipped, decided_ms=1) for first, last in ranges]
    store.ledger.write([Writing(outcomes=tuple(outcomes))])
    for first, last in ranges:
        for offset, inside in ((first - 1, False), (first, True), (last, True), (last + 1, False)):
            found = {one.installation_id for one in store.ledger.deliveries(0, offset)}
            assert (f"pi_{first}" in found) is inside


def test_postgresql_can_follow():
    """Every table and the statements that differ compile for it; the conformance suite proves more once it is there."""
    target = postgresql.dialect()
    for table in schema.metadata.sorted_tables:
        assert "CREATE TABLE" in str(sa.schema.CreateTable(table).compile(dialect=target))
    for statement in (lookup._ATTEMPTS_THERE, lookup._OUTCOMES_THERE):
        assert "BETWEEN" in str(statement.compile(dialect=target))


def _write_until_refused(store: SqlStore):
    for number in range(1, 500):
        store.ledger.write([numbered("pi_1", number)])


def _limit_pages(store: SqlStore, *, spare: int):
    """Stands for a full disk: SQLite answers alike (SQLITE_FULL). Holds for every connection of the store."""

    def limit(connection, *_):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + spare}")

    engine = store._database._engine
    engine.dispose()
    sa.event.listen(engine, "connect", limit)


def _read_only(store: SqlStore, *, now: bool):
    """Stands for files that may not be written any more: SQLite answers alike (SQLITE_READONLY)."""

    def close_or_open(connection, *_):
        connection.execute(f"PRAGMA query_only={int(now)}")

    engine = store._database._engine
    engine.dispose()
    sa.event.listen(engine, "connect", close_or_open)


def _look_up_everything(store: SqlStore, run: lookup.Run):
    store.ledger.write([numbered("pi_1", number) for number in range(3)])
    store.ledger.deliveries(0, WIDTH - 1)
    store.ledger.progress(run.installation_id, run.partition)
    store.ledger.coverage(run.installation_id, run.partition)
    store.ledger.outcomes(before_id=100)
    store.ledger.outcomes(installation_id="pi_1")
    store.ledger.outcome(1)
    store.ledger.attempts(before="z")
    store.ledger.attempts(installation_id="pi_1")
    store.ledger.counts("pi_1")
    store.ledger.write([Writing(notices=(Notice("pi_1", WARNING, "odd", 1, 1),))])
    store.ledger.notices("pi_1")
    store.ledger.write([Writing(sightings=(Sighting("pi_1", 1, "view", "", 1),))])
    store.ledger.sightings("pi_1", since_day=1)
    store.ledger.trim(before_ms=1)
    store.control.find_token("dft_x")


def _statements(store: SqlStore, work):
    seen = []

    def note(_connection, _cursor, statement, parameters, _context, many):
        if not many and not statement.startswith(("PRAGMA", "BEGIN", "INSERT")):
            seen.append((statement, parameters))

    engine = store._database._engine
    sa.event.listen(engine, "before_cursor_execute", note)
    work()
    sa.event.remove(engine, "before_cursor_execute", note)
    return seen


def test_the_dialect_module_alone_knows_which_database_it_is():
    sources = {file.name: file.read_text() for file in Path(dialect.__file__).parent.glob("*.py")}
    names = ("PRAGMA", "dialects import", ".dialect.name", "flock")
    assert {name for name, source in sources.items() if any(word in source for word in names)} == {"dialect.py"}
