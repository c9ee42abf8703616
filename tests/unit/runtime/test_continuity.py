"""Files of the log that are gone cost what was in them, never what comes after."""

import shutil

import pytest

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.delivery import Outcome, Share
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.observe import counts
from datafly.runtime.chores import PROCESSOR
from datafly.runtime.continuity import go_on_beyond_what_was_read
from datafly.store import Writing, open_store


@pytest.fixture
def log(tmp_path):
    return SqliteLog(tmp_path / "log", {RAW: 1, EVENTS: 1})


@pytest.fixture
def ledger(tmp_path):
    with open_store(tmp_path, encryption_key=Secret("ab" * 32)) as opened:
        yield opened.ledger


def append(log, stream, count, *, consumed=None):
    """The offset of the first."""
    appender = log.appender(stream, 0)
    first = appender.append([Entry("k", b"x") for _ in range(count)], consumed=consumed)
    appender.close()
    return first


def consumed(log):
    appender = log.appender(EVENTS, 0)
    try:
        return appender.consumed()
    finally:
        appender.close()


@pytest.fixture
def used(log, ledger):
    """20 records of raw became 15 events; one installation is through with 10 of them, and with the 13th."""
    append(log, RAW, 20)
    append(log, EVENTS, 15, consumed=20)
    skipped = Ruling(Verdict.SKIPPED, "not_wanted")
    later = Outcome(installation_id="ins", partition=0, first=12, last=12, ruling=skipped, decided_ms=1)
    ledger.write([Writing(marks=(("ins", "", 0, 10), (PROCESSOR, "", 0, 18)), outcomes=(later,))])


def begin_again(log, ledger):
    """How much was told to be missing."""
    before = counts().get("RuntimeLogShortened", 0)
    go_on_beyond_what_was_read(log, ledger)
    return counts().get("RuntimeLogShortened", 0) - before


@pytest.mark.usefixtures("used")
def test_a_log_that_is_whole_goes_on_as_it_is(log, ledger):
    assert begin_again(log, ledger) == 0
    assert (append(log, RAW, 1), append(log, EVENTS, 1), consumed(log)) == (20, 15, 20)


def test_a_log_that_was_never_written_begins_at_nought(log, ledger):
    assert begin_again(log, ledger) == 0
    assert (append(log, RAW, 1), append(log, EVENTS, 1)) == (0, 0)


@pytest.mark.usefixtures("used")
def test_where_raw_is_gone_what_comes_in_is_beyond_what_process_has_read(log, ledger, tmp_path):
    shutil.rmtree(tmp_path / "log" / RAW / "0")
    assert begin_again(log, ledger) == 1
    assert append(log, RAW, 1) == 20
    assert begin_again(log, ledger) == 0


@pytest.mark.usefixtures("used")
def test_where_events_are_gone_new_ones_are_beyond_all_that_was_decided(log, ledger, tmp_path):
    shutil.rmtree(tmp_path / "log" / EVENTS / "0")
    assert begin_again(log, ledger) == 1
    assert append(log, EVENTS, 1) == 13
    assert consumed(log) == 18
    reader = log.reader(EVENTS, 0)
    assert reader.bounds().earliest == 13
    assert [record.offset for record in reader.read(10, max_records=10)] == [13]
    reader.close()


@pytest.mark.usefixtures("used")
def test_where_the_end_of_the_events_is_gone_what_is_left_can_be_read(log, ledger):
    ledger.write([Writing(marks=(("ins", "", 0, 40),))])
    assert begin_again(log, ledger) == 1
    assert append(log, EVENTS, 1) == 40
    reader = log.reader(EVENTS, 0)
    assert [record.offset for record in reader.read(13, max_records=10)] == [13, 14]
    assert [record.offset for record in reader.read(15, max_records=10)] == [40]
    reader.close()


def test_of_several_workers_the_furthest_tells_what_was_read(log, ledger, tmp_path):
    """It may have passed events of other pipelines, which leave nothing but its mark."""
    append(log, EVENTS, 15)
    ledger.write([Writing(begun=(("ins", "", 0, 3),))], share=Share(0, 2))
    ledger.write([Writing(marks=(("ins", "", 0, 14),))], share=Share(1, 2))
    shutil.rmtree(tmp_path / "log" / EVENTS / "0")
    begin_again(log, ledger)
    assert append(log, EVENTS, 1) == 14
