import threading

import pytest

from datafly.model.errors import Unavailable
from datafly.model.refusal import ACCEPTED, LOST, NOT_PROCESSED, Refusal
from datafly.observe.ingest import IngestEventRefused, IngestRequestAccepted, IngestRequestRefused
from datafly.observe.process import ProcessRecordRefused, ProcessRecordsLost
from datafly.runtime.intake import MOST, MOST_BYTES, MOST_OF_A_KIND, Intake
from datafly.store import open_store
from datafly.testing.clock import FakeClock
from datafly.testing.store_suite import KEY


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path, encryption_key=KEY) as store:
        yield store


class Broken:
    def __init__(self, store):
        self.store, self.fault = store, Unavailable("The disk is full.")

    def add(self, *given, **named):
        if self.fault:
            raise self.fault
        self.store.add(*given, **named)


def refusal(code="NOT_JSON", body=b"hello", pipeline_id="pip_1"):
    return Refusal(pipeline_id, 1, "gateway", "/v1/t", code, 400, "It is wrong.", None, body)


def accepted(events=1):
    return IngestRequestAccepted("pip_1", "/v1/t", events, 0)


def test_what_is_told_is_counted_by_pipeline_and_code(store):
    intake = Intake(store.intake, FakeClock(), kept=10)
    for told in (
        accepted(3),
        IngestEventRefused("pip_1", "/v1/batch", "TOO_DEEP"),
        IngestRequestRefused("/v1/t", "NOT_JSON", 400, "pip_1"),
        IngestRequestRefused("/v1/t", "INVALID_PIPELINE_KEY", 401),
        IngestRequestAccepted("pip_2", "/v1/batch", 0, 2),
    ):
        intake.sink(told)
    intake.write()
    intake.write()

    assert store.intake.totals("pip_1") == {ACCEPTED: 3, "TOO_DEEP": 1, "NOT_JSON": 1}
    assert store.intake.totals("pip_2") == store.intake.totals("") == {}


def test_what_process_refuses_is_kept_with_its_place(store):
    intake = Intake(store.intake, FakeClock(), kept=10)
    intake.sink(ProcessRecordRefused(0, 17, "pip_1", "m-1", "A track event needs the name of an event."))
    intake.sink(ProcessRecordRefused(0, 18, "", "", "The record cannot be read."))
    intake.write()

    ((_, one),) = store.intake.refusals(None)
    assert (one.code, one.stage, one.message_id, one.status) == (NOT_PROCESSED, "process", "m-1", 0)
    assert one.message == "A track event needs the name of an event. It stays in raw at 0:17."
    assert store.intake.totals("pip_1") == {NOT_PROCESSED: 1}


def test_what_the_log_lost_may_have_been_anybodys_and_is_told_to_every_pipeline(store):
    intake = Intake(store.intake, FakeClock(), kept=10, pipelines=lambda: ["pip_1", "pip_2"])
    intake.sink(ProcessRecordsLost(0, 120, 129))
    intake.write()

    assert store.intake.totals("pip_1") == store.intake.totals("pip_2") == {LOST: 10}
    ((_, one),) = store.intake.refusals("pip_2")
    assert (one.code, one.stage, one.status) == (LOST, "process", 0)
    assert one.message.startswith("Records 0:120 to 0:129 of raw are gone from the log")


def test_a_flood_is_counted_whole_and_kept_in_bounds(store):
    intake = Intake(store.intake, FakeClock(), kept=1000)
    for _ in range(10_000):
        intake.sink(IngestRequestRefused("/v1/t", "NOT_JSON", 400, "pip_1"))
        intake.keep(refusal())
    intake.keep(refusal(code="TOO_DEEP"))
    intake.write()

    codes = [one.code for _, one in store.intake.refusals("pip_1", limit=1000)]
    assert sorted(codes) == ["NOT_JSON"] * MOST_OF_A_KIND + ["TOO_DEEP"]
    assert store.intake.totals("pip_1") == {"NOT_JSON": 10_000}


def test_many_pipelines_and_large_bodies_are_held_in_bounds_too(store):
    intake = Intake(store.intake, FakeClock(), kept=1000)
    for number in range(1000):
        intake.keep(refusal(pipeline_id=f"pip_{number}"))
    assert len(intake._refusals) == MOST
    intake.write()
    for number in range(1000):
        intake.keep(refusal(pipeline_id=f"pip_{number}", body=b"x" * 500_000))
    assert sum(len(one.body) for one in intake._refusals) <= MOST_BYTES


def test_nothing_is_kept_where_none_is_wanted(store):
    intake = Intake(store.intake, FakeClock(), kept=0)
    intake.keep(refusal())
    intake.sink(IngestRequestRefused("/v1/t", "NOT_JSON", 400, "pip_1"))
    intake.write()

    assert store.intake.refusals(None) == []
    assert store.intake.totals("pip_1") == {"NOT_JSON": 1}


def test_while_the_store_fails_counts_wait_and_refusals_do_not_pile_up(store):
    broken = Broken(store.intake)
    intake = Intake(broken, FakeClock(), kept=10)
    for _ in range(3):
        intake.sink(accepted())
        intake.keep(refusal())
        with pytest.raises(Unavailable):
            intake.write()
    assert intake._refusals == []
    broken.fault = None
    intake.write()

    assert store.intake.totals("pip_1") == {ACCEPTED: 3}


def test_nothing_is_lost_or_counted_twice_when_several_threads_tell(store):
    intake = Intake(store.intake, FakeClock(), kept=10)

    def tell():
        for _ in range(2000):
            intake.sink(accepted())

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        intake.write()
    intake.write()

    assert store.intake.totals("pip_1") == {ACCEPTED: 8000}
