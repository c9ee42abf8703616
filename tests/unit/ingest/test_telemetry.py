import pytest

from datafly.observe import add_sink
from datafly.observe.ingest import (
    IngestAppendFailed,
    IngestEventRefused,
    IngestRequestAccepted,
    IngestRequestFailed,
    IngestRequestRefused,
)


@pytest.fixture
def told():
    events = []
    remove = add_sink(events.append)
    yield events
    remove()


def test_what_was_taken_and_what_was_refused_beside_it_is_told(gate, told):
    gate.batch({"type": "page"}, {"type": "page"}, {"type": "purchase"})

    assert told == [
        IngestEventRefused("pip_1", "/v1/batch", "UNKNOWN_TYPE"),
        IngestRequestAccepted("pip_1", "/v1/batch", events=2, refused=1),
    ]


def test_a_refused_request_is_told_by_its_code(gate, told):
    gate.post("/v1/t", {"event": "E"}, key="dk_unknown")

    assert told == [IngestRequestRefused("/v1/t", "INVALID_PIPELINE_KEY", 401)]


def test_a_log_that_cannot_keep_events_is_told_as_a_warning(gate, told):
    gate.fail()
    gate.batch({"type": "page"}, {"type": "page"})

    assert IngestAppendFailed("The disk is full.", events=2) in told


def test_a_fault_of_ours_is_told_with_its_cause_and_the_caller_is_not_told_it(gate, told):
    gate.fault = RuntimeError("bug")
    gate.post("/v1/t", {"event": "E"})

    assert IngestRequestFailed("/v1/t", "RuntimeError('bug')") in told
