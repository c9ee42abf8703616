"""What one process does at a time: nobody leads, and nobody who is gone stands in the way."""

import pytest
import sqlalchemy as sa

from datafly.store import open_store
from datafly.testing.store_suite import KEY


@pytest.fixture
def stores(postgres_store):
    opened = [open_store(postgres_store, encryption_key=KEY) for _ in range(2)]
    yield opened
    for one in opened:
        one.close()


def test_one_has_the_turn_until_it_ends_it(stores):
    one, other = (store.turn("chore") for store in stores)
    assert [one.is_mine(), other.is_mine(), one.is_mine()] == [True, False, True]
    another = stores[1].turn("another chore")
    assert another.is_mine()
    another.end()
    one.end()
    assert [other.is_mine(), one.is_mine()] == [True, False]
    other.end()


def test_who_lost_the_database_does_not_have_the_turn_any_more(stores, postgres_store):
    one, other = (store.turn("chore") for store in stores)
    assert one.is_mine()
    engine = sa.create_engine(sa.make_url(postgres_store).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        assert connection.exec_driver_sql(held).scalars().all() == [True]
    engine.dispose()
    taken = other.is_mine()
    while not taken:  # the server ends what it was told to end in a moment
        taken = other.is_mine()
    assert not one.is_mine()
    other.end()
    assert one.is_mine()
    one.end()


def test_a_store_that_is_a_file_needs_no_turns(tmp_path):
    with open_store(tmp_path, encryption_key=KEY) as store:
        assert store.turn("chore").is_mine()
