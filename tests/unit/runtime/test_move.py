"""The store of a data folder moves to PostgreSQL with all its rows, whatever interrupts it."""

import time

import msgspec
import pytest
import sqlalchemy as sa

from datafly.model.delivery import Sighting
from datafly.model.errors import OperatorError
from datafly.model.people import AuditEntry
from datafly.model.secret import Secret
from datafly.runtime.move import move_store
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store import Writing, open_store, parts, schema
from datafly.store.moving import _plain
from datafly.testing.store_suite import KEY, integration
from datafly.testing.store_writer import attempt, numbered

NOW = int(time.time() * 1000)
DAY = 86_400_000

DONE = AuditEntry("", "made", "pipeline", "pip_1", 0)


def ignore(_done, _total):
    pass


@pytest.fixture
def settings(tmp_path):
    """A data folder whose store has rows of many kinds, more than one step moves."""
    made = Settings(data_dir=tmp_path / "data")
    with open_the_store(made) as store:
        pipeline = store.control.ensure_default_pipeline()
        store.control.install(*integration(pipeline.id))
        store.control.note(DONE)
        store.control.create_token("ci", "admin", created_by="somebody")
        store.control.update_pipeline(pipeline.id, {"parameters": {"a": "ü\u0000"}})
        store.ledger.write([numbered("pi_1", number) for number in range(1_100)])
        recent = msgspec.structs.replace(attempt("at_recent", "pi_1", (5,), (5,)), started_ms=NOW - 3 * DAY)
        store.ledger.write([Writing(attempts=(recent,), sightings=(Sighting("pi_1", 1, "vi\0ew", "", 1),))])
        store.ledger.trim(before_ms=1_000)
    return made


@pytest.fixture
def there(settings, postgres_place):
    return Settings(data_dir=settings.data_dir, store_url=Secret(postgres_place))


def rows(settings):
    """Of every table, as they lie there."""
    with open_the_store(settings) as store, store._database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(_plain(table)))))
            for table in schema.metadata.sorted_tables
        }


def test_all_rows_are_there_and_both_sides_know_whose_the_store_is(settings, there, postgres_place):
    before = rows(settings)
    told = []
    move_store(settings, postgres_place, moved=lambda *stand: told.append(stand))
    assert told[0][0] == 0
    assert told[-1] == (told[0][1], told[0][1])
    assert sorted(told) == told
    after = rows(there)
    assert {name: after[name] for name in before.keys() - {"facts", "control_version", "sightings"}} == {
        name: before[name] for name in before.keys() - {"facts", "control_version", "sightings"}
    }
    assert after["sightings"] == [before["sightings"][0].replace("\\x00", "\ufffd")]
    assert len([name for name, found in before.items() if found]) > 12
    with pytest.raises(OperatorError, match="was moved to PostgreSQL: set DATAFLY_STORE_URL"):
        open_the_store(settings)
    with pytest.raises(OperatorError, match="was moved"):
        move_store(settings, postgres_place, moved=ignore)
    with open_the_store(there, alone=True) as store:
        assert store.control.installations()[0].revision.config["api_key"] == Secret("whisper-a8f3-at-rest")
        last = store.ledger.outcomes(limit=1)[0][0]
        store.ledger.write([numbered("pi_2", 5)])
        assert store.ledger.outcomes(limit=1)[0][0] == last + 1, "numbers go on"
        store.control.note(DONE)
        assert [entry.action for entry in store.control.audit_log()] == ["made", "made"]
        assert store.ledger.progress("pi_1", 0).mark == 11_000
        with store._database.read() as connection:
            days = parts.parts(connection, schema.attempts)
        assert [part.until_ms - part.first_ms for part in days if part.holds(NOW - 3 * DAY)] == [DAY]


def test_whatever_interrupts_it_the_next_call_goes_on_and_nobody_uses_either_side_meanwhile(
    settings, there, postgres_place
):
    before, told = rows(settings), []
    while len(told) < 200:
        try:
            left = iter(range(7))
            move_store(settings, postgres_place, moved=lambda done, _, left=left: (told.append(done), next(left)))
        except StopIteration:
            with pytest.raises(OperatorError, match="is being moved to PostgreSQL"):
                open_the_store(settings)
            with pytest.raises(OperatorError, match="is being moved into this database"):
                open_the_store(there)
        else:
            break
    assert told == sorted(told)
    assert len(told) > 2 * 7
    after = rows(there)
    for name in before.keys() - {"facts", "control_version", "sightings"}:
        assert after[name] == before[name]


def test_where_it_does_not_move_from_or_to(settings, there, tmp_path, postgres_place):
    with pytest.raises(OperatorError, match="There is no store in"):
        move_store(Settings(data_dir=tmp_path / "new"), postgres_place, moved=ignore)
    open_store(postgres_place, encryption_key=KEY).close()
    with pytest.raises(OperatorError, match="holds another store already"):
        move_store(settings, postgres_place, moved=ignore)
    open_the_store(settings).close()


def test_a_move_that_was_given_up_does_not_go_on_with_what_has_changed_since(settings, postgres_place):
    def interrupt(done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move_store(settings, postgres_place, moved=interrupt)
    (settings.data_dir / "closed").unlink()
    with open_the_store(settings) as store:
        store.ledger.write([numbered("pi_1", 2_000)])
    with pytest.raises(OperatorError, match="given up"):
        move_store(settings, postgres_place, moved=ignore)
    open_the_store(settings).close()
