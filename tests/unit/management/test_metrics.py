import random

import pytest

from datafly.management.backlog import note_waiting
from datafly.management.metrics import percentile
from datafly.model.refusal import ACCEPTED, IntakeCount
from datafly.model.verdict import Verdict
from datafly.store.base import Writing
from datafly.store.tallies import bound_ms, bucket

PATH = "/v1/admin/metrics"
MINUTE = 60_000
HOUR = 60 * MINUTE


def passes(house, milliseconds):
    house.clock.clock.jump(milliseconds)


def test_what_came_in_and_went_out_is_told_by_minute_and_verdict(house, call):
    one, other = house.installed("One"), house.installed("Other")
    for at_ms, code, count in ((0, ACCEPTED, 7), (0, "NOT_JSON", 2), (MINUTE, ACCEPTED, 5)):
        counted = IntakeCount(house.pipeline.id, code, house.clock.now_ms() + at_ms, count)
        house.store.intake.add([counted], [], most=10)
    house.delivers(one, house.happens("a"), house.happens("b"))
    house.decides(other, Verdict.REJECTED, house.happens("c"))
    passes(house, MINUTE)
    house.delivers(one, house.happens("d"))
    house.delivers(one, house.happens("e"), run_id="run_1")

    told = call.get(PATH, role="viewer")

    assert len(told["steps"]) == 60
    assert told["step_seconds"] == 60
    assert told["events_in"]["accepted"][-2:] == [7, 5]
    assert told["events_in"]["refused"][-2:] == [2, 0]
    shown = {out["pipeline_integration_id"]: out for out in told["events_out"]}
    assert shown[one.id]["verdicts"] == {"DELIVERED": [0] * 58 + [2, 1]}
    assert shown[one.id]["replayed"] == {"DELIVERED": [0] * 59 + [1]}
    assert shown[other.id]["verdicts"] == {"REJECTED": [0] * 58 + [1, 0]}
    assert told["requests"]["sent"][-2:] == [1, 2]


@pytest.mark.parametrize("name", ["1h", "6h", "24h", "7d", "30d"])
def test_no_range_has_more_than_72_steps_and_none_loses_an_event(house, call, name):
    installation = house.installed()
    for number in range(6):
        house.delivers(installation, house.happens(f"m{number}"))
        passes(house, 7 * MINUTE)
    told = call.get(f"{PATH}?range={name}")
    assert 50 <= len(told["steps"]) <= 72
    series = told["events_out"][0]["verdicts"]["DELIVERED"]
    minutes = told["step_seconds"] / 60
    assert sum(value * minutes for value in series[:-1]) <= 6
    if name == "1h":
        assert sum(series) == 6


def test_requests_that_failed_are_counted_and_make_the_error_rate(house, call):
    installation = house.installed()
    house.delivers(installation, house.happens("m1"))
    house.ledger.write([Writing(failed=((installation.id, house.clock.now_ms(), 3),))])
    told = call.get(PATH)["requests"]
    assert told["error_rate"] == 0.75
    assert (told["sent"][-1], told["failed"][-1]) == (4, 3)


def test_latency_is_told_as_percentiles_of_each_step_and_of_the_whole(house, call):
    installation = house.installed()
    for number in range(100):
        house.delivers(installation, house.happens(f"m{number}"), latency_ms=float(number + 1))
    told = call.get(PATH)["latency"]
    assert told["whole"]["p50"] == pytest.approx(50, rel=0.2)
    assert told["whole"]["p99"] == pytest.approx(99, rel=0.2)
    assert told["steps"]["p50"][-1] == told["whole"]["p50"]
    assert told["steps"]["p50"][0] is None


def test_a_percentile_is_known_to_a_fifth(house):
    drawn = sorted(random.Random(7).lognormvariate(4, 1.5) for _ in range(2_000))
    counts = {}
    for value in drawn:
        counts[bucket(value)] = counts.get(bucket(value), 0) + 1
    for share in (0.5, 0.95, 0.99):
        assert percentile(counts, share) == pytest.approx(drawn[int(share * len(drawn))], rel=0.2)
    assert percentile({}, 0.5) is None


@pytest.mark.parametrize("milliseconds", [0, 0.3, 1, 1.1, 17, 250, 9_999, 10**9])
def test_a_bucket_holds_what_is_at_most_its_bound(milliseconds):
    number = bucket(milliseconds)
    assert milliseconds <= bound_ms(number) or number == bucket(10**9)


def test_the_backlog_tells_what_waits(house, call):
    installation = house.installed()
    house.happens("m1")
    house.stands(installation, "suspended")
    (waiting,) = call.get(PATH)["backlog"]
    assert (waiting["lag"], waiting["state"], waiting["seconds_left"]) == (1, "suspended", None)


def test_the_past_of_the_backlog_is_the_mean_of_each_step_and_stays_so_when_steps_are_added_up(house, call):
    one = house.installed()
    places = [house.happens(f"m{number}") for number in range(4)]
    note_waiting(house.services)
    house.delivers(one, *places[:2])
    note_waiting(house.services)
    passes(house, MINUTE)
    house.delivers(one, *places[2:])
    note_waiting(house.services)
    assert call.get(PATH)["waiting"][-3:] == [None, 3, 0]
    house.installed("Other", start={0: 0, 1: 0})
    note_waiting(house.services)
    assert call.get(PATH)["waiting"][-1] == 4
    assert call.get(f"{PATH}?pipeline_integration_id={one.id}")["waiting"][-1] == 0
    passes(house, 49 * HOUR)
    house.ledger.trim(before_ms=0)
    steps = [value for value in call.get(f"{PATH}?range=7d")["waiting"] if value is not None]
    assert steps == [1.5 + 4]


def test_metrics_can_be_of_one_pipeline_or_installation(house, call, refused):
    one, other = house.installed("One"), house.installed("Other")
    house.delivers(one, house.happens("a"))
    house.delivers(other, house.happens("b"))
    told = call.get(f"{PATH}?pipeline_integration_id={one.id}")
    assert [out["pipeline_integration_id"] for out in told["events_out"]] == [one.id]
    told = call.get(f"{PATH}?pipeline_id={house.pipeline.id}")
    assert [out["pipeline_integration_id"] for out in told["events_out"]] == [one.id, other.id]
    refused(call("GET", f"{PATH}?pipeline_integration_id=pi_nothing"), 404, "NOT_FOUND")
    refused(call("GET", f"{PATH}?pipeline_id=pip_nothing"), 404, "NOT_FOUND")
    refused(call("GET", f"{PATH}?range=1y"), 422, "VALIDATION_FAILED")


def test_the_top_causes_are_those_of_the_range_the_most_frequent_first(house, call):
    one, other = house.installed("One"), house.installed("Other")
    house.decides(one, Verdict.REJECTED, house.happens("old"), reason="long ago")
    passes(house, 2 * HOUR)
    for number in range(3):
        house.decides(one, Verdict.REJECTED, house.happens(f"m{number}"), reason=f"no user {number}")
    house.decides(other, Verdict.EXHAUSTED, house.happens("x"), reason="503")
    assert [(found["sentence"], found["count"]) for found in call.get(PATH)["top_causes"]] == [
        ("no user n", 3),
        ("n", 1),
    ]
    assert len(call.get(f"{PATH}?range=6h")["top_causes"]) == 3
    (mine,) = call.get(f"{PATH}?pipeline_integration_id={other.id}")["top_causes"]
    assert mine["pipeline_integration_id"] == other.id
