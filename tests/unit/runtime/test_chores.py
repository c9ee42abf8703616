"""Old segments go, and never one that a cursor still needs."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import Unavailable
from datafly.model.installation import Installation, Revision, Template
from datafly.model.outline import keepable
from datafly.model.refusal import Refusal
from datafly.model.secret import Secret
from datafly.observe import add_sink, counts
from datafly.observe.runtime import RuntimeChoreFailed
from datafly.runtime import chores
from datafly.runtime.pipelines import Pipelines
from datafly.settings import Settings
from datafly.store import Writing, open_store

SETTINGS = Settings(data_dir=Path("unused"), retention_hours=1.0)
HOURS_MS = 3_600_000


@pytest.fixture
def wall():
    return [1_795_600_000_000]


@pytest.fixture
def log(tmp_path, wall):
    return SqliteLog(tmp_path / "log", {RAW: 1, EVENTS: 1}, segment_seconds=60, now_ms=lambda: wall[0])


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path, encryption_key=Secret("ab" * 32)) as opened:
        yield opened


def fill(appender, wall, records=30):
    for number in range(records):
        appender.append([Entry("k", b"%d" % number)])
        wall[0] += 120_000


def lag_at(store, mark):
    """An installation that has read up to there."""
    pipeline = store.control.ensure_default_pipeline()
    template, revision = Template("tmpl_1", "Acme", "acme"), Revision("rev_1", "tmpl_1", 1, {})
    store.control.install(template, revision, [Installation("pi_1", pipeline.id, template, revision, {0: 0})])
    store.ledger.write([Writing(marks=(("pi_1", "", 0, mark),))])


def alerts():
    return counts().get("RuntimeRetentionForced", 0)


async def until(look):
    for _ in range(2_000):
        if look():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not come to pass")


async def while_doing(chore, look):
    task = asyncio.create_task(chore)
    try:
        await until(look)
    finally:
        task.cancel()


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(chores, "_RETAIN_SECONDS", 0.01)
    monkeypatch.setattr(chores, "_FAILED_SECONDS", 0.01)


async def test_raw_is_kept_from_where_the_processor_stands(log, store, wall):
    appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
    fill(appender, wall)
    wall[0] += 5 * HOURS_MS
    store.ledger.write([Writing(marks=((chores.PROCESSOR, "", 0, 20),))])
    await while_doing(chores.retain_raw(SETTINGS, appender, store.ledger), lambda: reader.bounds().earliest > 0)
    assert 0 < reader.bounds().earliest <= 20
    assert reader.bounds().head == 30
    reader.close()
    appender.close()


async def test_raw_is_kept_whole_while_nobody_has_told_how_far_it_is_read(log, store, wall):
    appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
    fill(appender, wall, 5)
    wall[0] += 5 * HOURS_MS
    turns = []
    retain = appender.retain

    def counted(*given, **more):
        turns.append(retain(*given, **more))
        return turns[-1]

    appender.retain = counted
    await while_doing(chores.retain_raw(SETTINGS, appender, store.ledger), lambda: len(turns) > 2)
    assert reader.bounds().earliest == 0
    reader.close()
    appender.close()


async def test_events_nobody_reads_any_more_go_by_age(log, store, wall):
    appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
    fill(appender, wall)
    wall[0] += 5 * HOURS_MS
    await while_doing(
        chores.retain_events(SETTINGS, lambda: {0: appender.retain}, store.control, store.ledger),
        lambda: reader.bounds().earliest == 30,
    )
    assert reader.bounds().head == 30
    reader.close()
    appender.close()


@pytest.mark.parametrize("forced", [False, True])
async def test_what_an_installation_has_not_read_goes_by_size_alone_and_is_told(log, store, wall, forced):
    appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
    fill(appender, wall)
    wall[0] += 5 * HOURS_MS
    lag_at(store, 10)
    settings = msgspec.structs.replace(SETTINGS, retention_bytes=100_000 if forced else 0)
    chore = chores.retain_events(settings, lambda: {0: appender.retain}, store.control, store.ledger)
    before = alerts()
    await while_doing(chore, lambda: alerts() > before if forced else reader.bounds().earliest == 10)
    assert reader.bounds().earliest > 10 if forced else alerts() == before
    assert reader.bounds().head == 30
    reader.close()
    appender.close()


async def test_the_processor_tells_its_positions_where_the_gateway_reads_them(store):
    def told():
        marks = store.ledger.marks()
        return {partition: marks.get((chores.PROCESSOR, partition)) for partition in (0, 3)}

    positions = {0: 7, 3: 5}
    await while_doing(chores.tell_positions(store.ledger, lambda: positions), lambda: told() == positions)


async def test_of_shared_partitions_each_of_raw_is_dropped_up_to_where_it_is_processed(tmp_path, wall):
    log = SqliteLog(tmp_path / "shared", {RAW: 3, EVENTS: 3}, segment_seconds=60, now_ms=lambda: wall[0])
    readers = [log.reader(RAW, partition) for partition in range(3)]
    for partition in range(3):
        fill(appender := log.appender(RAW, partition), wall, 10)
        appender.close()
    wall[0] += 5 * HOURS_MS
    chore = chores.retain_shared_raw(SETTINGS, log, lambda: {0: 4, 2: 10})
    await while_doing(chore, lambda: [reader.bounds().earliest for reader in readers] == [4, 0, 10])
    for reader in readers:
        reader.close()


async def test_a_chore_that_fails_is_told_in_words_and_tried_again():
    told = []

    def failing():
        raise Unavailable("signal.raw cannot be read now: no broker answers.")

    forget = add_sink(told.append)
    await while_doing(chores.every(0.001, failing), lambda: len(told) > 3)
    forget()
    message = "Unavailable: signal.raw cannot be read now: no broker answers."
    assert told[0] == RuntimeChoreFailed("failing", message)


async def test_a_store_that_cannot_be_read_for_a_moment_does_not_end_the_looking_for_new_pipelines(store):
    failures = []

    class Locked:
        """The control plane, after three refusals."""

        pipelines = store.control.pipelines
        sources = store.control.sources
        pipeline_keys = store.control.pipeline_keys
        ended_keys = store.control.ended_keys
        consent_settings = store.control.consent_settings
        erased = store.control.erased

        def version(self):
            if known and len(failures) < 3:
                failures.append(1)
                raise Unavailable("The store cannot be used now: database is locked.")
            return store.control.version()

    known = []
    pipelines = Pipelines(Locked())
    known.append(pipelines)
    added = store.control.ensure_default_pipeline()
    await while_doing(pipelines.follow(), lambda: added.pipeline_key in pipelines.by_key())
    assert len(failures) == 3


async def test_of_several_processes_one_at_a_time_forgets_what_is_past_its_time(postgres_store, monkeypatch):
    monkeypatch.setattr(chores, "_TRIM_SECONDS", 0.01)
    key, asked, over = Secret("ab" * 32), [], asyncio.Event()
    with open_store(postgres_store, encryption_key=key) as one, open_store(postgres_store, encryption_key=key) as other:
        pipeline = one.control.ensure_default_pipeline()
        old = Refusal(pipeline.id, 1_000, "ingest", "/v1/track", "INVALID_JSON", 400, "Old.")
        one.intake.add([], [keepable(old)], most=10)
        busy, turn = other.turn("trim"), one.turn("trim")
        assert busy.is_mine()
        is_mine = turn.is_mine
        monkeypatch.setattr(turn, "is_mine", lambda: asked.append(not over.is_set() and is_mine()) or asked[-1])
        monkeypatch.setattr(one, "turn", lambda _name: turn)

        def refused():
            return one.intake.refusals(pipeline.id, limit=10)

        task = asyncio.create_task(chores.trim_attempts(SETTINGS, one))
        await until(lambda: len(asked) > 2)
        assert not any(asked)
        assert refused()
        busy.end()
        await until(lambda: not refused())
        over.set()
        await until(lambda: asked[-2:] == [False, False])
        task.cancel()
