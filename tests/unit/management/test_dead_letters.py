from collections import Counter

import pytest

from datafly.management.settings import ManagementSettings
from datafly.model.verdict import Verdict
from datafly.testing.clock import FakeClock

PATH = "/v1/admin/dead-letters"


def ids(body):
    return [letter["id"] for letter in body["data"]]


def names(body):
    return [letter["event"] and letter["event"]["message_id"] for letter in body["data"]]


def replayed(house, run_id):
    (run,) = [run for run in house.control.replays() if run.id == run_id]
    return list(run.members)


def test_refused_and_given_up_events_are_listed_newest_first_and_no_others(house, call):
    installation = house.installed()
    house.decides(installation, Verdict.REJECTED, house.happens("refused", user_id="jane"), reason="bad e-mail")
    house.decides(installation, Verdict.SKIPPED, house.happens("skipped"), reason="consent_marketing")
    house.decides(installation, Verdict.EXHAUSTED, house.happens("given up"), reason="503")
    house.delivers(installation, house.happens("delivered"))
    body = call.get(PATH, role="viewer")
    assert names(body) == ["given up", "refused"]
    refused = body["data"][1]
    assert refused["verdict"] == "REJECTED"
    assert refused["reason"] == "bad e-mail"
    assert refused["pipeline_integration_id"] == installation.id
    assert refused["vendor"] == "insider"
    assert refused["event"]["user_id"] == "jane"
    assert refused["count"] == 1
    assert refused["replayed"] is False
    assert call.get(f"{PATH}/{refused['id']}") == refused


def test_a_dead_letter_shows_what_was_sent_and_answered(house, call):
    installation = house.installed()
    place = house.happens("m1")
    attempt = house.attempt(installation, place, delivered=(), body='{"users": [1]}', status=400, answer="no", tries=2)
    house.decides(installation, Verdict.REJECTED, place, reason="no", attempt=attempt)
    (letter,) = call.get(PATH)["data"]
    assert letter["request"]["body"] == {"users": [1]}
    assert letter["response"]["status"] == 400
    assert letter["response"]["body"] == "no"
    assert letter["attempts"] == 2


def test_filters_find_what_they_name(house, call):
    one, two = house.installed("One"), house.installed("Two")
    house.decides(one, Verdict.REJECTED, house.happens("m1"), reason="bad")
    house.decides(one, Verdict.EXHAUSTED, house.happens("m2"), reason="503")
    house.decides(two, Verdict.REJECTED, house.happens("m3"), reason="worse")
    assert names(call.get(f"{PATH}?pipeline_integration_id={one.id}")) == ["m2", "m1"]
    assert names(call.get(f"{PATH}?verdict=EXHAUSTED")) == ["m2"]
    assert names(call.get(f"{PATH}?reason=worse")) == ["m3"]
    assert names(call.get(f"{PATH}?reason=wors")) == []


def test_a_verdict_that_is_no_dead_letter_is_refused(call, refused):
    refused(call("GET", f"{PATH}?verdict=DELIVERED"), 422, "VALIDATION_FAILED", field="verdict")


def test_pages_cover_all_once(house, call):
    installation = house.installed()
    for number in range(25):
        house.decides(installation, Verdict.REJECTED, house.happens(f"m{number}"), reason="even" * (number % 2 == 0))
    seen, cursor = [], None
    while True:
        body = call.get(f"{PATH}?limit=4&reason=even" + (f"&cursor={cursor}" if cursor else ""))
        seen += names(body)
        cursor = body["next_cursor"]
        if not cursor:
            break
    assert seen == [f"m{number}" for number in range(24, -1, -2)]


def test_an_event_that_is_not_kept_any_more_still_has_its_dead_letter(house, call, refused):
    installation = house.installed()
    house.decides(installation, Verdict.REJECTED, house.happens("m1"))
    house.happens("m2")
    house.forgets(0)
    (letter,) = call.get(PATH)["data"]
    assert letter["event"] is None
    reply = call("POST", f"{PATH}/replay", json={"ids": [letter["id"]]})
    refused(reply, 409, "NOTHING_TO_REPLAY", not_kept=1)


def test_replay_by_ids_sends_just_these(house, call):
    installation = house.installed()
    places = [house.happens(f"m{number}", partition=number % 2) for number in range(3)]
    for place in places:
        house.decides(installation, Verdict.REJECTED, place)
    letters = ids(call.get(PATH))
    reply = call("POST", f"{PATH}/replay", role="editor", json={"ids": [letters[0], letters[2], letters[0]]})
    assert reply.status_code == 202
    run = reply.json()
    assert run["id"].startswith("run_")
    assert run["count"] == 2
    assert run["state"] == "queued"
    assert run["created_by"] == "editor"
    assert replayed(house, run["id"]) == sorted([places[2], places[0]])


def test_a_dead_letter_shows_its_replays_and_what_came_of_them(house, call):
    installation = house.installed()
    place = house.happens("m1")
    house.decides(installation, Verdict.REJECTED, place)
    (letter,) = ids(call.get(PATH))
    run = call("POST", f"{PATH}/replay", json={"ids": [letter]}).json()
    shown = call.get(f"{PATH}/{letter}")
    assert shown["replayed"] is True
    assert shown["replays"] == [{"id": run["id"], "state": "queued", "verdict": None}]
    house.delivers(installation, place, run_id=run["id"])
    house.control.set_replay_state(run["id"], "done")
    shown = call.get(f"{PATH}/{letter}")
    assert shown["replays"] == [{"id": run["id"], "state": "done", "verdict": "DELIVERED"}]
    assert call.get(f"/v1/admin/replays/{run['id']}")["verdicts"] == {"DELIVERED": 1}


def test_replay_by_reason_leaves_out_what_was_delivered_since_or_is_about_to(house, call, refused):
    installation = house.installed()
    places = [house.happens(f"m{number}") for number in range(4)]
    for place in places[:3]:
        house.decides(installation, Verdict.REJECTED, place, reason="bad")
    house.decides(installation, Verdict.REJECTED, places[3], reason="worse")
    house.delivers(installation, places[0], run_id="run_before")
    body = {"pipeline_integration_id": installation.id, "reason": "bad"}
    run = call("POST", f"{PATH}/replay", json=body).json()
    assert replayed(house, run["id"]) == places[1:3]
    assert run["more"] is False
    refused(call("POST", f"{PATH}/replay", json=body), 409, "NOTHING_TO_REPLAY")


def test_what_a_replay_refused_is_a_dead_letter_of_that_run(house, call):
    installation = house.installed()
    place = house.happens("m1")
    house.decides(installation, Verdict.REJECTED, place, reason="first")
    house.decides(installation, Verdict.REJECTED, place, reason="again", run_id="run_1")
    again, first = call.get(PATH)["data"]
    assert (again["run_id"], again["reason"]) == ("run_1", "again")
    assert (first["run_id"], first["reason"]) == (None, "first")


def test_a_range_is_expanded_to_the_events_of_the_pipeline(house, call):
    installation = house.installed()
    first = house.happens("mine 1")
    house.happens("other", pipeline_id="pip_other")
    last = house.happens("mine 2")
    house.decides(installation, Verdict.EXHAUSTED, first, last, reason="retention")
    (letter,) = call.get(PATH)["data"]
    assert letter["count"] == 3
    run = call("POST", f"{PATH}/replay", json={"ids": [letter["id"]]}).json()
    assert replayed(house, run["id"]) == [first, last]


class TestBound:
    @pytest.fixture
    def settings(self):
        return ManagementSettings(replay_members=5)

    def test_a_run_takes_only_so_many_and_the_next_goes_on(self, house, call):
        installation = house.installed()
        places = [house.happens(f"m{number}") for number in range(8)]
        house.decides(installation, Verdict.EXHAUSTED, places[0], places[-1], reason="503")
        body = {"pipeline_integration_id": installation.id}
        first = call("POST", f"{PATH}/replay", json=body).json()
        assert (first["count"], first["more"]) == (5, True)
        second = call("POST", f"{PATH}/replay", json=body).json()
        assert (second["count"], second["more"]) == (3, False)
        assert sorted(replayed(house, first["id"]) + replayed(house, second["id"])) == places

    def test_what_fails_again_does_not_keep_the_rest_from_being_tried(self, house, call):
        installation = house.installed()
        places = [house.happens(f"m{number}") for number in range(8)]
        for number, place in enumerate(places):
            house.decides(installation, Verdict.REJECTED, place, reason=f"bad {number}")
        tried = Counter()
        for _ in range(4):
            run = call("POST", f"{PATH}/replay", json={"pipeline_integration_id": installation.id}).json()
            assert (run["count"], run["more"]) == (5, True)
            held = replayed(house, run["id"])
            for number, place in enumerate(held):
                house.decides(installation, Verdict.REJECTED, place, reason=f"again {number}", run_id=run["id"])
            house.control.set_replay_state(run["id"], "done")
            tried.update(held)
            house.clock.clock = FakeClock(house.clock.now_ms() + 1)
        assert min(tried[place] for place in places) == 2

    def test_ids_beyond_the_bound_are_refused(self, house, call, refused):
        installation = house.installed()
        places = [house.happens(f"m{number}") for number in range(8)]
        house.decides(installation, Verdict.EXHAUSTED, places[0], places[-1], reason="503")
        (letter,) = ids(call.get(PATH))
        reply = call("POST", f"{PATH}/replay", json={"ids": [letter]})
        refused(reply, 422, "VALIDATION_FAILED", field="ids")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 422, "VALIDATION_FAILED", "ids"),
        ({"ids": []}, 422, "VALIDATION_FAILED", "ids"),
        ({"ids": "dl_1"}, 422, "VALIDATION_FAILED", "ids"),
        ({"ids": ["dl_1"], "reason": "x"}, 422, "VALIDATION_FAILED", "reason"),
        ({"reason": "x"}, 422, "VALIDATION_FAILED", "ids"),
        ({"ids": ["dl_1"], "rate": 5}, 422, "VALIDATION_FAILED", "rate"),
        ({"pipeline_integration_id": "pi_0", "verdict": "DELIVERED"}, 422, "VALIDATION_FAILED", "verdict"),
        ({"ids": ["dl_999"]}, 404, "NOT_FOUND", None),
        ({"ids": ["nonsense"]}, 404, "NOT_FOUND", None),
        ({"ids": ["dl_" + "9" * 50]}, 404, "NOT_FOUND", None),
        ({"ids": ["dl_٣"]}, 404, "NOT_FOUND", None),
        ({"pipeline_integration_id": "pi_none"}, 404, "NOT_FOUND", None),
    ],
)
def test_a_wrong_replay_is_refused(  # noqa: PLR0917 - a row of the table
    house, call, refused, body, status, code, field
):
    house.installed()
    error = refused(call("POST", f"{PATH}/replay", json=body), status, code)
    if field:
        assert error["details"]["field"].startswith(field)


def test_ids_of_two_integrations_are_two_replays(house, call, refused):
    place = None
    for name in ("One", "Two"):
        installation = house.installed(name)
        place = house.happens(name)
        house.decides(installation, Verdict.REJECTED, place)
    reply = call("POST", f"{PATH}/replay", json={"ids": ids(call.get(PATH))})
    refused(reply, 422, "VALIDATION_FAILED", field="ids")


def test_nothing_is_replayed_to_what_is_removed(house, call, refused):
    installation = house.installed()
    house.decides(installation, Verdict.REJECTED, house.happens("m1"))
    house.control.change_installation(installation.id, {"removed_ms": house.clock.now_ms(), "end": {0: 1}})
    (letter,) = ids(call.get(PATH))
    refused(call("POST", f"{PATH}/replay", json={"ids": [letter]}), 409, "REMOVED")


def test_an_outcome_that_is_no_dead_letter_has_no_page_here(house, call, refused):
    installation = house.installed()
    house.decides(installation, Verdict.SKIPPED, house.happens("m1"))
    refused(call("GET", f"{PATH}/dl_1"), 404, "NOT_FOUND")


def test_replays_are_listed_newest_first(house, call, refused):
    installation = house.installed()
    for number in range(3):
        house.decides(installation, Verdict.REJECTED, house.happens(f"m{number}"), reason=f"r{number}")
        house.clock.jump(5)
        body = {"pipeline_integration_id": installation.id, "reason": f"r{number}"}
        assert call("POST", f"{PATH}/replay", json=body).status_code == 202
    runs = call.get("/v1/admin/replays?limit=2")
    assert runs["has_more"] is True
    rest = call.get(f"/v1/admin/replays?cursor={runs['next_cursor']}")
    created = [run["created_at"] for run in runs["data"] + rest["data"]]
    assert created == sorted(created, reverse=True)
    assert len(created) == 3
    refused(call("GET", "/v1/admin/replays/run_none"), 404, "NOT_FOUND")
