"""Attempts and outcomes in parts by time, in PostgreSQL."""

import threading
import time
from itertools import count, takewhile

import msgspec
import pytest

from datafly.model.delivery import LIVE, Outcome
from datafly.model.verdict import Ruling, Verdict
from datafly.store import Progress, Writing, open_store, parts, schema
from datafly.testing.store_suite import KEY
from datafly.testing.store_writer import attempt, numbered

DAY = 86_400_000
TODAY = int(time.time() * 1000) // DAY * DAY
"""The parts that are made with the tables begin at the wall clock's."""
REJECTED = Ruling(Verdict.REJECTED, "bad_record")


class Clock:
    ms = TODAY + DAY // 2

    def now_ms(self):
        return self.ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(postgres_place, clock):
    with open_store(postgres_place, encryption_key=KEY, now_ms=clock.now_ms) as opened:
        yield opened


def at(number, at_ms):
    """One delivered event and one dead letter, decided then."""
    made = msgspec.structs.replace(attempt(f"at_{number:06d}", "pi_1", (number,), (number,)), started_ms=at_ms)
    outcome = Outcome("pi_1", 0, number + 500_000, number + 500_000, REJECTED, decided_ms=at_ms)
    return Writing(attempts=(made,), outcomes=(outcome,))


def spans(store, table=schema.attempts):
    """(first day, days) of its parts, today being 0."""
    with store._database.read() as connection:
        found = parts.parts(connection, table)
    return [((part.first_ms - TODAY) // DAY, (part.until_ms - part.first_ms) // DAY) for part in found]


def in_default(store):
    with store._database.read() as connection:
        asked = "SELECT (SELECT count(*) FROM attempts_default) + (SELECT count(*) FROM outcomes_default)"
        return connection.exec_driver_sql(asked).scalar()


def numbers(store):
    return sorted(one.offsets[0] for one in store.ledger.attempts(limit=10**6))


def test_the_parts_of_the_next_days_are_made_ahead_and_what_came_before_its_part_moves_there(store, clock):
    assert spans(store) == spans(store, schema.outcomes) == [(0, 1), (1, 1), (2, 1)]
    store.ledger.write([at(1, TODAY), at(2, TODAY + 4 * DAY), at(3, TODAY + 90 * DAY)])
    assert in_default(store) == 4
    clock.ms += 3 * DAY
    store.ledger.trim(before_ms=clock.ms - 7 * DAY)
    assert spans(store) == spans(store, schema.outcomes) == [(day, 1) for day in range(6)]
    assert in_default(store) == 2
    assert numbers(store) == [1, 2, 3]


def test_what_is_kept_long_lies_in_fewer_and_wider_parts(store, clock):
    store.ledger.trim(before_ms=clock.ms - 365 * DAY)
    assert spans(store) == [(0, 1), (1, 1), (2, 1)]
    clock.ms += 2 * DAY
    store.ledger.trim(before_ms=clock.ms - 365 * DAY)
    assert spans(store) == [(0, 1), (1, 1), (2, 1), (3, 36)]


def test_forgetting_drops_parts_that_are_wholly_old_and_nothing_else(store, clock):
    store.ledger.write([at(day, TODAY + day * DAY + 5) for day in range(3)])
    store.ledger.write([Writing(marks=(("pi_1", LIVE, 0, 10**6),))])
    before = store.ledger.counts("pi_1")
    clock.ms = TODAY + 9 * DAY
    assert store.ledger.trim(before_ms=TODAY + 2 * DAY - 1) == 2, "one part of each table, of about so many rows"
    assert numbers(store) == [1, 2], "the last hour of the second part is not old"
    while store.ledger.trim(before_ms=TODAY + 2 * DAY):
        pass
    assert numbers(store) == [2]
    assert [one.decided_ms for _, one in store.ledger.outcomes()] == [TODAY + 2 * DAY + 5]
    assert spans(store)[0] == spans(store, schema.outcomes)[0] == (2, 1)
    assert store.ledger.counts("pi_1") == before


def test_what_a_restart_must_skip_outlives_its_part_until_the_mark_has_passed_it(store, clock):
    store.ledger.write([at(1, TODAY), at(2, TODAY + 1), Writing(marks=(("pi_1", LIVE, 0, 2),))])
    clock.ms = TODAY + 9 * DAY
    while store.ledger.trim(before_ms=TODAY + DAY):
        pass
    assert store.ledger.progress("pi_1", 0) == Progress(2, frozenset({2, 500_001, 500_002}))
    assert numbers(store) == [2]
    store.ledger.write([Writing(marks=(("pi_1", LIVE, 0, 10**6),))])
    assert store.ledger.trim(before_ms=TODAY + DAY) == 3
    assert numbers(store) == []


def at_work(place, clock, work, rounds, failed):
    """As another process."""
    try:
        with open_store(place, encryption_key=KEY, now_ms=clock.now_ms) as own:
            for number in rounds:
                work(own.ledger, number)
    except BaseException as error:
        failed.append(error)
        raise


def until_parts_are_made(trimmed):
    """Of three trims that end from now on, of two processes, one has begun after now."""
    before, ends = trimmed[0], time.monotonic() + 60
    while trimmed[0] < before + 3 and time.monotonic() < ends:
        time.sleep(0.001)


def test_several_processes_write_and_trim_at_once_and_nothing_is_lost(store, postgres_place, clock):
    """The clock goes on ten days, and what a writer writes is of every moment of it."""
    moments = [TODAY + number * DAY // 6 for number in range(60)]
    failed, trimmed, written = [], [0], threading.Event()

    def write(ledger, number):
        clock.ms = moments[number]
        ledger.write([at(number, moments[number])])
        if number % 6 == 5:  # parts are made of two days that come
            until_parts_are_made(trimmed)

    def trim(ledger, _):
        ledger.trim(before_ms=TODAY)
        trimmed[0] += 1

    def read(ledger, number):
        ledger.deliveries(0, number % len(moments))

    works = [(write, range(len(moments)))]
    works += [(work, takewhile(lambda _: not written.is_set(), count())) for work in (trim, trim, read)]
    threads = [threading.Thread(target=at_work, args=(postgres_place, clock, *work, failed)) for work in works]
    for thread in threads:
        thread.start()
    threads[0].join()
    written.set()
    for thread in threads[1:]:
        thread.join()
    assert failed == []
    assert numbers(store) == list(range(len(moments)))
    assert store.ledger.counts("pi_1")["REJECTED"] == len(store.ledger.outcomes(limit=100)) == len(moments)
    store.ledger.trim(before_ms=TODAY)
    assert in_default(store) == 0


def test_a_number_is_not_used_twice_after_parts_are_gone(store, clock):
    store.ledger.write([at(1, TODAY)])
    ((first, _),) = store.ledger.outcomes()
    store.ledger.write([Writing(marks=(("pi_1", LIVE, 0, 10**6),))])
    clock.ms = TODAY + 9 * DAY
    while store.ledger.trim(before_ms=TODAY + 5 * DAY):
        pass
    store.ledger.write([numbered("pi_2", 1)])
    assert store.ledger.outcomes()[0][0] > first
