"""Somebody is erased by the API and by the control room: who is meant, which vendors are asked, what is shown then."""

import msgspec
import pytest

from datafly.model.erasure import Whom
from datafly.model.verdict import DELIVERED, Ruling, Verdict

PATH = "/v1/admin/erasures"


@pytest.fixture
def known(house):
    """Whoever asks for jane is told all her ids."""

    def whom(*, user_id="", anonymous_id="", email=""):
        return Whom(("jane",), ("a-1",), {"email": email or "jane@example.com"})

    house.whom = whom
    return house


def created(call, **asked):
    reply = call("POST", PATH, json=asked, role="admin")
    assert reply.status_code == 202, reply.text
    return reply.json()


def test_every_vendor_with_a_call_for_it_is_asked_once_what_is_on_its_way_has_arrived(known, call):
    known.installed("Insider")
    known.installed("Movable Ink", vendor="movable_ink")
    made = created(call, user_id="jane")
    assert (made["state"], made["user_ids"], made["anonymous_ids"]) == ("waiting", ["jane"], ["a-1"])
    insider, movable_ink = made["calls"]
    assert (insider["integration_name"], insider["state"]) == ("Insider", "waiting")
    assert (movable_ink["state"], movable_ink["reason"]) == ("by_hand", "no_deletion_call")
    assert "Erase the person in Movable Ink itself." in movable_ink["cure"]
    now_ms = known.clock.now_ms()
    assert known.control.due_calls(now_ms) == []
    ((due, _),) = known.control.due_calls(now_ms + 35_000)
    assert due.name == "Insider"
    assert call.get(f"{PATH}/{made['id']}", role="admin") == made
    known.control.keep_call(msgspec.structs.replace(due, next_ms=None, ruling=DELIVERED))
    assert call.get(f"{PATH}/{made['id']}", role="admin")["state"] == "by_hand", "something is left for a person"
    assert [one["id"] for one in call.get(PATH, role="admin")["data"]] == [made["id"]]


def test_when_it_is_done_nobody_knows_who_it_was_and_the_audit_log_never_did(known, call):
    known.installed("Insider")
    made = created(call, email="jane@example.com")
    (one,) = known.control.erasure(made["id"]).calls
    refused = Ruling(Verdict.REJECTED, "no")
    known.control.keep_call(msgspec.structs.replace(one, next_ms=None, ruling=refused))
    assert call.get(f"{PATH}/{made['id']}", role="owner")["state"] == "not_done"
    again = call("POST", f"{PATH}/{made['id']}/retry", role="admin").json()
    assert (again["state"], again["calls"][0]["state"]) == ("waiting", "waiting")
    known.control.keep_call(msgspec.structs.replace(one, next_ms=None, ruling=DELIVERED))
    done = call.get(f"{PATH}/{made['id']}", role="admin")
    assert (done["state"], done["user_ids"], done["emails"]) == ("done", [], [])
    log = call.get("/v1/admin/audit-log", role="admin")["data"]
    assert [entry["action"] for entry in log] == ["erasure.retried", "erasure.created"]
    assert "jane" not in str(log)


def test_only_an_admin_erases_and_somebody_must_be_named(house, call, refused):
    for role in ("viewer", "editor"):
        refused(call("POST", PATH, json={"user_id": "jane"}, role=role), 403, "FORBIDDEN")
        refused(call("GET", PATH, role=role), 403, "FORBIDDEN")
    refused(call("POST", PATH, json={"user_id": " "}), 422, "VALIDATION_FAILED", field="user_id")
    refused(call("POST", PATH, json={"name": "jane"}), 422, "VALIDATION_FAILED")
    closed = created(call, user_id="nobody")["id"]
    refused(call("POST", f"{PATH}/{closed}/retry"), 409, "ERASURE_CLOSED")
    refused(call("GET", f"{PATH}/ers_0"), 404, "NOT_FOUND")


def test_what_came_before_is_shown_no_more_and_what_comes_later_is(known, call):
    known.happens("m0", user_id="jane", event="Product Viewed")
    known.happens("m1", user_id="joe", event="Product Viewed")
    known.happens("m2", anonymous_id="a-1", event="Cart Viewed", partition=1)
    created(call, user_id="jane")
    known.clock.clock.jump(2_000)
    known.happens("m3", user_id="jane", event="Product Viewed")
    assert [one["message_id"] for one in call.get("/v1/admin/events")["data"]] == ["m3", "m1"]
    assert [one["message_id"] for one in call.get("/v1/admin/people?q=jane")["events"]] == ["m3"]
    assert call("GET", "/v1/admin/events/m0").status_code == 404


def test_the_page_of_a_person_erases_them_and_says_what_is_left(known, site):
    known.installed("Insider")
    known.happens("m0", user_id="jane", event="Product Viewed")
    page = site("GET", "/people?q=jane", role="admin").text
    assert 'action="/erasures"' in page
    assert 'value="jane"' in page
    assert 'action="/erasures"' not in site("GET", "/people?q=jane", role="editor").text
    unsure = site("POST", "/erasures", data={"user_id": "jane"}, role="admin")
    assert (unsure.status_code, known.control.erasures()) == (422, [])
    assert "Nobody was erased. Say that you are sure: it cannot be undone." in unsure.text
    assert 'value="jane"' in unsure.text.split("</form>")[-2]
    nobody = site("POST", "/erasures", data={"user_id": " ", "sure": "yes"}, role="admin")
    assert (nobody.status_code, known.control.erasures()) == (422, [])
    assert "Nobody was erased. User id, e-mail or anonymous id: Name at least one" in nobody.text
    assert 'data-field="user_id"' in nobody.text
    erased = site("POST", "/erasures", data={"user_id": "jane", "sure": "yes"}, role="admin")
    assert "jane, jane@example.com, a-1" in erased.text
    assert "retention_hours" in erased.text
    (made,) = known.control.erasures()
    (one,) = made.calls
    known.control.keep_call(msgspec.structs.replace(one, next_ms=None, ruling=Ruling(Verdict.REJECTED, "no", "<b>")))
    told = site("GET", f"/erasures/{made.id}", role="admin").text
    assert "&lt;b&gt;" in told
    assert "Ask those again" in told
    assert site("POST", f"/erasures/{made.id}/retry", role="admin").status_code == 200
    assert "Under way" in site("GET", "/erasures", role="admin").text
    assert site("GET", "/erasures", role="viewer").status_code == 403
