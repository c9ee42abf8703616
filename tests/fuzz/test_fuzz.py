"""Whatever comes through whatever door: no 5xx, no stall, no growth, one shape; what was taken can be processed."""

import contextlib
import json
import random

import msgspec
import pytest
import schemathesis
from fuzzing import drawing
from fuzzing.wire import FIGURES, Ask, ask_of, cases, exchange, judge
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from datafly.ingest.document import document
from datafly.log.base import RAW
from datafly.log.sqlite import SqliteLog
from datafly.model.event import Received
from datafly.process import Context, Memory, process_one
from datafly.process.body import Refused

pytestmark = pytest.mark.xdist_group("fuzz")  # they share a gateway

SLICE = 80
GROUND_BYTES = 32 * 1024 * 1024
"""What an allocator may take its time to give back. The large bodies below are six times as much together."""
LARGE = [
    Ask(headers=((b"authorization", b"Bearer dk_test_1"),), body=b'{"x":"' + b"y" * 500_000 + end)
    for end in (b'"}', b"")
]
TAKEN = Ask(headers=((b"authorization", b"Bearer dk_test_1"),), body=b'{"event":"E"}')
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


def run(examples, share=1.0):
    """The slice is the same each time; a long run draws anew."""
    phases = [Phase.explicit, Phase.generate, Phase.shrink]
    calm = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None, "phases": phases}
    return settings(max_examples=int((examples or SLICE) * share), derandomize=not examples, **calm)


def still_takes(port):
    assert exchange(port, TAKEN.encode()).status == 200


@pytest.mark.parametrize("name", ["requests", "bad_input", "found"])
def test_the_corpus_is_answered(port, name):
    for case in cases(name):
        answer = exchange(port, ask_of(case).encode())
        judge(answer)
        assert answer is not None, case["case"]
        assert answer.status < 300 or name != "requests", (case["case"], answer)
    still_takes(port)


def test_good_requests_with_something_odd_in_them(port, examples):
    @run(examples, 4)
    @given(ask=drawing.mutated())
    def holds(ask):
        judge(exchange(port, ask.encode()), head=ask.method == b"HEAD")

    holds()
    still_takes(port)


def test_any_bytes_in_place_of_a_request(port, examples):
    @run(examples)
    @given(request=st.binary(max_size=400) | drawing.broken_requests(), hang_up=st.sampled_from([True, True, False]))
    def holds(request, hang_up):
        judge(exchange(port, request, hang_up=hang_up))

    holds()
    still_takes(port)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_call_is_answered_otherwise_than_the_document_says(port, examples, mode):
    for found in schemathesis.openapi.from_dict(document()).get_all_operations():

        @run(examples, 0.04)
        @given(case=found.ok().as_strategy(generation_mode=mode), key=st.sampled_from(["dk_test_1", "dk_unknown"]))
        def answers_as_documented(case, key):
            case.headers = {**(case.headers or {}), "authorization": f"Bearer {key}"}
            case.call_and_validate(base_url=f"http://127.0.0.1:{port}", checks=CHECKS, timeout=60)

        with contextlib.suppress(Unsatisfiable):  # what takes nothing can be given nothing wrong
            answers_as_documented()
    still_takes(port)


def test_nothing_grows_under_requests_of_all_kinds(port, examples):
    chance = random.Random(7)
    kinds = [ask_of(case).encode() for name in ("requests", "bad_input", "found") for case in cases(name)]

    def post(count):
        for _ in range(count):
            request = chance.choice(kinds)
            at = chance.randrange(len(request))
            broken = request[:at] + chance.randbytes(4) + request[at:]
            judge(exchange(port, chance.choice([request, broken]), hang_up=chance.random() < 0.9))

    def post_large(count):
        for number in range(count):
            assert exchange(port, LARGE[number % 2].encode()).status in (400, 413)

    def grown(count):
        """How many more values there are after `count` requests; a first use loads things once, a leak always."""
        before = measure(port)["values"]
        post(count)
        post_large(count // 6)
        return measure(port)["values"] - before

    post(300)
    post_large(40)
    before = measure(port)
    rounds = (grown(max(600, examples // 4)) for _ in range(6))
    assert any(more <= 100 for more in rounds), "each of six rounds left values behind"
    after = measure(port)

    assert after["open_files"] <= before["open_files"] + 2
    assert after["tasks"] <= before["tasks"] + 2
    assert after["waiting_refusals"] <= 200
    assert after["resident_bytes"] <= before["resident_bytes"] + GROUND_BYTES, (before, after)


def measure(port):
    """Of the gateway, as soon as who hung up is gone: one look may find one more, which is who looks."""
    told = json.loads(exchange(port, FIGURES).body)
    while (again := json.loads(exchange(port, FIGURES).body))["tasks"] < told["tasks"]:
        told = again
    return again


def test_all_that_was_taken_can_be_processed(port, place):
    """Whichever of the tests above have run: the log is what they left."""
    still_takes(port)
    reader = SqliteLog(place / "log", {RAW: 1}).reader(RAW, 0)
    memory, context, position, count = Memory(), Context(), 0, 0
    while records := reader.read(position, max_records=1000):
        position = records[-1].offset + 1
        for record in records:
            received = msgspec.json.decode(record.value, type=Received)
            outcome = process_one(received, context, memory)
            assert not isinstance(outcome, Refused), (outcome, received)
            msgspec.json.encode(outcome)
            count += 1
    reader.close()
    assert count
