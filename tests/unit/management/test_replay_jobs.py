from datetime import UTC, datetime, timedelta

import pytest

from datafly.management.replay_jobs import require_quiet
from datafly.model.verdict import Verdict

PATH = "/v1/admin/replays"


def moment(house, seconds=0):
    return (datetime.fromtimestamp(house.clock.now_ms() / 1000, UTC) + timedelta(seconds=seconds)).isoformat()


def body(house, installation, **fields):
    """Of the last hour."""
    return {
        "pipeline_integration_id": installation.id,
        "since": moment(house, -3_600),
        "until": moment(house, 3_600),
        **fields,
    }


@pytest.fixture
def installation(house):
    """Four events were delivered to it, two of them of Jane; one was refused, one skipped; one waits."""
    installation = house.installed()
    for number in range(4):
        event = "Order Completed" if number % 2 else "Product Viewed"
        user = "jane" if number < 2 else "john"
        house.delivers(installation, house.happens(f"d{number}", event=event, user_id=user))
    house.decides(installation, Verdict.REJECTED, house.happens("refused", event="Order Completed"), reason="bad mail")
    house.decides(installation, Verdict.SKIPPED, house.happens("skipped", event="Order Completed"), reason="disabled")
    house.happens("waits", event="Order Completed")
    house.happens("of others", pipeline_id="pip_other")
    return installation


def test_a_dry_run_counts_by_name_and_verdict_and_sends_nothing(house, call, installation):
    told = call("POST", PATH, json=body(house, installation, dry_run=True)).json()
    assert told["count"] == 6
    assert told["events"] == {"Order Completed": 4, "Product Viewed": 2}
    assert told["verdicts"] == {"DELIVERED": 4, "REJECTED": 1, "SKIPPED": 1}
    assert told["consent_denied"] == 6
    assert told["more"] is False
    assert told["replay"] is None
    assert house.control.replays() == []


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"event": "Product Viewed"}, 2),
        ({"event": "view_item"}, 2),
        ({"user_id": "jane"}, 2),
        ({"verdict": "REJECTED"}, 1),
        ({"verdict": "SKIPPED", "reason": "disabled"}, 1),
        ({"reason": "bad mail"}, 1),
        ({"user_id": "jane", "event": "Order Completed", "verdict": "DELIVERED"}, 1),
        ({"user_id": "nobody"}, 0),
    ],
)
def test_a_filter_takes_what_it_names(house, call, installation, filters, count):
    assert call("POST", PATH, json=body(house, installation, dry_run=True, **filters)).json()["count"] == count


@pytest.mark.parametrize("settings", [{"scan_replay": 2}], indirect=True)
def test_a_stretch_too_long_to_count_is_replayed_all_the_same_and_says_so(house, call, installation):
    told = call("POST", PATH, json=body(house, installation)).json()
    assert told["more"] is True
    assert told["replay"]["is_counted"] is False
    (run,) = house.control.replays()
    assert run.members == ()
    assert run.plan.spans == ((0, 0, 5),)


def test_a_replay_tells_how_it_was_asked_for_and_is_on_record(house, call, installation):
    asked = body(house, installation, rate_share=0.25, quiet=True, verdict="DELIVERED", user_id="jane")
    run = call("POST", PATH, json=asked, role="editor").json()["replay"]
    assert (run["state"], run["count"], run["rate_share"], run["quiet"]) == ("queued", 2, 0.25, True)
    assert run["filter"] == {"user_id": "jane", "verdict": "DELIVERED"}
    assert call.get(f"{PATH}/{run['id']}") == run
    assert call.get(PATH)["data"] == [run]
    assert call.get("/v1/admin/audit-log")["data"][0]["action"] == "pipeline_integration.replayed"


@pytest.mark.parametrize("vendor", ["insider", "klaviyo"])
def test_a_field_for_history_and_a_route_of_its_own_are_both_a_quiet_way(house, vendor):
    installation = house.installed(vendor=vendor)
    require_quiet(house.app.state["services"], installation)


def test_a_vendor_that_has_no_quiet_way_cannot_be_told_quietly(house, call, refused):
    installation = house.installed(vendor="movable_ink")
    house.delivers(installation, house.happens("m1"))
    asked = body(house, installation, quiet=True)
    refused(call("POST", PATH, json=asked), 422, "VALIDATION_FAILED", field="quiet")


def test_nothing_to_replay_is_a_conflict(house, call, installation, refused):
    refused(call("POST", PATH, json=body(house, installation, user_id="nobody")), 409, "NOTHING_TO_REPLAY")
    early = {"since": moment(house, -7_200), "until": moment(house, -7_000)}
    refused(call("POST", PATH, json=body(house, installation, **early)), 409, "NOTHING_TO_REPLAY")


def test_a_replay_that_was_steered_by_somebody_else_meanwhile_is_left_as_it_is(house, call, installation, refused):
    run = call("POST", PATH, json=body(house, installation)).json()["replay"]
    place = f"{PATH}/{run['id']}"
    seen = call("GET", place).headers["ETag"]
    paused = call("POST", f"{place}/pause", headers={"If-Match": seen})
    assert paused.headers["ETag"] != seen
    refused(call("POST", f"{place}/cancel", headers={"If-Match": seen}), 412, "STALE")
    assert call.get(place)["state"] == "paused"
    assert call("POST", f"{place}/cancel", headers={"If-Match": paused.headers["ETag"]}).json()["state"] == "cancelled"


def test_a_replay_is_paused_resumed_and_cancelled_on_record(house, call, installation, refused):
    run = call("POST", PATH, json=body(house, installation)).json()["replay"]
    place = f"{PATH}/{run['id']}"
    assert call("POST", f"{place}/pause", role="editor").json()["state"] == "paused"
    refused(call("POST", f"{place}/pause"), 409, "REPLAY_STATE", state="paused")
    assert call("POST", f"{place}/resume").json()["state"] == "queued"
    assert call("POST", f"{place}/cancel").json()["state"] == "cancelled"
    refused(call("POST", f"{place}/resume"), 409, "REPLAY_STATE", state="cancelled")
    refused(call("POST", f"{place}/cancel", role="viewer"), 403, "FORBIDDEN")
    refused(call("POST", f"{PATH}/run_none/pause"), 404, "NOT_FOUND")
    changes = [one["changes"] for one in call.get("/v1/admin/audit-log?action=replay.updated")["data"]]
    assert [(one["state"]["old"], one["state"]["new"]) for one in changes] == [
        ("queued", "cancelled"),
        ("paused", "queued"),
        ("queued", "paused"),
    ]


def test_progress_and_the_result_of_each_event_can_be_followed(house, call, installation):
    run = call("POST", PATH, json=body(house, installation)).json()["replay"]
    place = f"{PATH}/{run['id']}"
    assert call.get(place)["progress"] == 0
    house.delivers(installation, (0, 0), (0, 1), run_id=run["id"])
    house.decides(installation, Verdict.REJECTED, (0, 2), reason="still bad", run_id=run["id"])
    shown = call.get(place)
    assert shown["progress"] == 0.5
    assert shown["verdicts"] == {"DELIVERED": 2, "REJECTED": 1}
    first = call.get(f"{place}/events?limit=2", role="viewer")
    assert [(one["verdict"], one["event"]["message_id"]) for one in first["data"]] == [
        ("DELIVERED", "d0"),
        ("DELIVERED", "d1"),
    ]
    rest = call.get(f"{place}/events?limit=2&cursor={first['next_cursor']}")
    assert [(one["verdict"], one["reason"]) for one in rest["data"]] == [("REJECTED", "still bad")]
    assert rest["has_more"] is False
    assert [one["event"]["message_id"] for one in call.get(f"{place}/events?verdict=REJECTED")["data"]] == ["d2"]
    house.control.set_replay_state(run["id"], "done")
    assert call.get(place)["progress"] == 1


def test_the_results_of_a_replay_of_dead_letters_are_told_too(house, call, installation):
    letter = call.get("/v1/admin/dead-letters")["data"][0]
    run = call("POST", "/v1/admin/dead-letters/replay", json={"ids": [letter["id"]]}).json()
    house.delivers(installation, (0, 4), run_id=run["id"])
    (one,) = call.get(f"{PATH}/{run['id']}/events")["data"]
    assert (one["verdict"], one["event"]["message_id"]) == ("DELIVERED", "refused")


def test_dead_letters_that_a_stretch_holds_are_not_sent_a_second_time_by_a_filter(house, call, installation, refused):
    call("POST", PATH, json=body(house, installation, verdict="REJECTED"))
    asked = {"pipeline_integration_id": installation.id}
    refused(call("POST", "/v1/admin/dead-letters/replay", json=asked), 409, "NOTHING_TO_REPLAY")


def test_what_is_not_decided_live_yet_is_left_to_the_live_run(house, call):
    installation = house.installed()
    first = house.happens("m0")
    house.happens("m1")
    house.delivers(installation, first)
    house.happens("m2")
    assert call("POST", PATH, json=body(house, installation, dry_run=True)).json()["count"] == 1
