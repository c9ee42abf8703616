import asyncio
import json

import msgspec
import pytest

from datafly.model.delivery import DRIFT, WARNING, Notice, Reply
from datafly.model.verdict import Verdict
from datafly.store.base import Writing
from datafly.transport.base import NOT_ALLOWED

WEBHOOK_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BASE = "/v1/admin/pipeline-integrations"


@pytest.fixture
def installed(call):
    body = {"config": {"api_key": "first-key", "partner_name": "myco"}}
    made = call("POST", "/v1/admin/integration-catalog/insider/install", json=body)
    assert made.status_code == 201
    return made.json()["pipeline_integrations"][0]


@pytest.fixture
def path(installed):
    return f"{BASE}/{installed['id']}"


def key_of(house, installed):
    return house.control.installation(installed["id"]).revision.config["api_key"].reveal()


def test_it_is_listed_with_state_counts_and_lag(house, call, installed, path):
    places = [house.happens(f"m{number}") for number in range(3)]
    house.delivers(house.control.installation(installed["id"]), places[0])
    (shown,) = call.get(BASE, role="viewer")["data"]
    assert shown == call.get(path)
    assert shown["integration_name"] == "Insider"
    assert shown["vendor"] == "insider"
    assert shown["config"] == {"api_key": "***", "partner_name": "myco"}
    assert shown["counts"] == {"DELIVERED": 1, "requests": 1}
    assert shown["lag"] == 2
    assert shown["partitions"][0] == {"partition": 0, "mark": 1, "head": 3, "lag": 2}
    assert shown["base_url"] == "https://unification.useinsider.com"
    assert shown["notes"] == []
    assert shown["removed_at"] is None


def test_how_fast_the_lag_is_worked_off_is_told_by_the_last_minute(house, call, installed, path):
    places = [house.happens(f"m{number}") for number in range(7)]
    assert call.get(path)["drain"] == {"events_per_second": 0.0, "seconds_left": None}
    installation = house.control.installation(installed["id"])
    for place in places[:4]:
        house.delivers(installation, place)
    drain = call.get(path)["drain"]
    assert drain["events_per_second"] + 0.05 >= 4 / 70
    assert drain["events_per_second"] == 0.1
    assert 3 / (4 / 60) <= drain["seconds_left"] <= 3 / (4 / 70)
    call("PATCH", path, json={"paused": True})
    assert call.get(path)["drain"] == {"events_per_second": 0.1, "seconds_left": None}, "it stands still"
    call("PATCH", path, json={"paused": False})
    asyncio.run(house.clock.advance(71))
    assert call.get(path)["drain"] == {"events_per_second": 0.0, "seconds_left": None}
    for place in places[4:]:
        house.delivers(installation, place)
    assert call.get(path)["drain"]["seconds_left"] == 0.0


def test_where_requests_go_is_said_when_it_is_not_the_vendor(house, call, path):
    house.defaults = {"base_url": "http://127.0.0.1:8090/insider"}
    shown = call.get(path)
    assert shown["base_url"] == "http://127.0.0.1:8090/insider"
    assert "http://127.0.0.1:8090/insider" in shown["notes"][0]


def test_filters_find_those_of_a_pipeline_or_vendor(house, call, installed):
    assert len(call.get(f"{BASE}?pipeline_id={house.pipeline.id}")["data"]) == 1
    assert call.get(f"{BASE}?pipeline_id=pip_none")["data"] == []
    assert call.get(f"{BASE}?vendor=outsider")["data"] == []


def test_a_patch_changes_the_named_fields_and_makes_a_revision(house, call, installed, path):
    reply = call("PATCH", path, role="editor", json={"config": {"partner_name": "yourco"}})
    assert reply.status_code == 200
    changed = reply.json()
    assert changed["config"] == {"api_key": "***", "partner_name": "yourco"}
    assert (changed["revision_number"], changed["latest_revision"]) == (2, 2)
    assert changed["revision_id"] != installed["revision_id"]
    revision = house.control.installation(installed["id"]).revision
    assert revision.change_summary == "Changed partner_name"
    assert revision.created_by == "editor"
    assert key_of(house, installed) == "first-key"


def test_three_stars_leave_a_secret_as_it_is(house, call, installed, path):
    call("PATCH", path, json={"config": {"api_key": "***", "partner_name": "yourco"}})
    assert key_of(house, installed) == "first-key"


def test_a_new_secret_is_a_change_although_both_are_shown_alike(house, call, installed, path):
    reply = call("PATCH", path, json={"config": {"api_key": "second-key"}})
    assert reply.json()["revision_number"] == 2
    assert key_of(house, installed) == "second-key"
    assert "second-key" not in reply.text


@pytest.mark.parametrize("patch", [{}, {"config": {}}, {"config": {"partner_name": "myco"}}, {"enabled": True}])
def test_what_changes_nothing_makes_no_revision(house, call, installed, path, patch):
    before = call("GET", path)
    reply = call("PATCH", path, json=patch)
    assert reply.status_code == 200
    assert reply.headers["ETag"] == before.headers["ETag"]
    assert reply.json() == before.json()


@pytest.mark.parametrize("kept", [{}, {"api_key": "***"}])
def test_an_editor_cannot_have_a_kept_secret_sent_to_another_address(house, call, refused, path, kept):
    elsewhere = {"base_url": "https://other.example.com"}
    error = refused(call("PATCH", path, role="editor", json={"config": {**elsewhere, **kept}}), 403, "FORBIDDEN")
    assert (error["details"]["fields"], error["details"]["needed"]) == (["api_key"], "admin")
    assert call("PATCH", path, role="editor", json={"config": {"partner_name": "other"}}).status_code == 200
    with_key = {**elsewhere, "api_key": "a-key-of-her-own"}
    assert call("PATCH", path, role="editor", json={"config": with_key}).status_code == 200
    refused(call("PATCH", path, role="editor", json={"config": {"base_url": None}}), 403, "FORBIDDEN")
    assert call("PATCH", path, role="admin", json={"config": {"base_url": None}}).status_code == 200


def test_null_takes_an_optional_field_away(call, path):
    call("PATCH", path, json={"config": {"base_url": "https://other.example.com"}})
    changed = call("PATCH", path, json={"config": {"base_url": None}}).json()
    assert "base_url" not in changed["config"]
    assert changed["revision_number"] == 3


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"config": {"colour": "red"}}, "config.colour"),
        ({"config": {"partner_name": 5}}, "config.partner_name"),
        ({"config": {"api_key": None}}, "config.api_key"),
        ({"config": {"api_key": ""}}, "config.api_key"),
        ({"config": {"base_url": "nowhere"}}, "config.base_url"),
        ({"config": 5}, "config"),
        ({"enabled": "yes"}, "enabled"),
        ({"paused": None}, "paused"),
        ({"name": "Other"}, "name"),
        ({"variant": "default"}, "variant"),
    ],
)
def test_a_wrong_patch_is_422_names_it_and_changes_nothing(call, refused, path, patch, field):
    before = call.get(path)
    refused(call("PATCH", path, json=patch), 422, "VALIDATION_FAILED", field=field)
    assert call.get(path) == before


def test_if_match_guards_a_change(call, refused, path):
    read = call("GET", path).headers["ETag"]
    assert call("PATCH", path, json={"config": {"partner_name": "a1"}}, headers={"If-Match": read}).status_code == 200
    for change in ({"config": {"partner_name": "b2"}}, {"paused": True}, {}):
        refused(call("PATCH", path, json=change, headers={"If-Match": read}), 412, "STALE")
    refused(call("POST", f"{path}/pause", headers={"If-Match": read}), 412, "STALE")
    refused(call("DELETE", path, headers={"If-Match": read}), 412, "STALE")
    assert call.get(path)["config"]["partner_name"] == "a1"


@pytest.mark.parametrize("tag", ['""', 'W/""', '"other"'])
def test_an_entity_tag_that_nothing_has_is_no_match(call, refused, path, tag):
    refused(call("PATCH", path, json={"paused": True}, headers={"If-Match": tag}), 412, "STALE")


@pytest.mark.parametrize("tag", ["*", ""])
def test_a_change_of_whatever_is_there_may_say_so(call, path, tag):
    assert call("PATCH", path, json={"paused": True}, headers={"If-Match": tag}).status_code == 200


def test_two_changes_at_a_time_both_hold(house, call, installed, path):
    """The second reads before the first has written: it must not undo it."""
    first = house.control.installation(installed["id"]).revision
    other = msgspec.structs.replace(first, id="", config={**first.config, "partner_name": "other"})
    house.meanwhile.append(lambda: house.control.revise(installed["id"], other))
    assert call("PATCH", path, json={"config": {"api_key": "second-key"}}).status_code == 200
    assert key_of(house, installed) == "second-key"
    assert call.get(path)["config"]["partner_name"] == "other"


def test_disable_and_enable_pause_and_resume(house, call, installed, path):
    for action, field, value, state in [
        ("disable", "enabled", False, "disabled"),
        ("enable", "enabled", True, "running"),
        ("pause", "paused", True, "paused"),
        ("resume", "paused", False, "running"),
    ]:
        reply = call("POST", f"{path}/{action}", role="editor")
        assert reply.status_code == 200
        assert reply.json()[field] is value
        assert reply.json()["state"]["name"] == state
        assert getattr(house.control.installation(installed["id"]), field) is value


def test_config_and_switches_change_together(call, path):
    changed = call("PATCH", path, json={"config": {"partner_name": "yourco"}, "paused": True}).json()
    assert (changed["config"]["partner_name"], changed["paused"]) == ("yourco", True)


def test_a_suspended_integration_shows_cause_and_cure(house, call, installed, path):
    installation = house.control.installation(installed["id"])
    house.stands(
        installation,
        "suspended",
        reason="403",
        cause="Invalid API key or wrong scopes",
        cure="Regenerate the key with Unification API scope.",
        symptom="401 Unauthorized",
        since_ms=house.clock.now_ms(),
        next_probe_ms=house.clock.now_ms() + 60_000,
    )
    state = call.get(path)["state"]
    assert state["name"] == "suspended"
    assert state["cause"] == "Invalid API key or wrong scopes"
    assert state["cure"] == "Regenerate the key with Unification API scope."
    assert state["symptom"] == "401 Unauthorized"
    assert state["since"]
    assert state["next_probe_at"]


def test_uninstalling_ends_it_at_the_head_of_the_moment(house, call, refused, installed, path):
    house.happens("before")
    heads = house.heads()
    refused(call("DELETE", path, role="editor"), 403, "FORBIDDEN")
    assert call("DELETE", path, role="admin").status_code == 204
    removed = house.control.installation(installed["id"])
    assert removed.removed_ms == house.clock.now_ms()
    assert removed.end == heads
    assert call.get(BASE)["data"] == []
    assert call.get(path)["state"]["name"] == "removed"
    refused(call("DELETE", path), 404, "NOT_FOUND")
    for reply in (
        call("PATCH", path, json={"config": {"partner_name": "x"}}),
        call("PATCH", path, json={}),
        call("POST", f"{path}/pause"),
        call("POST", f"{path}/test"),
    ):
        refused(reply, 409, "REMOVED")


def test_an_unknown_integration_is_404(call, refused):
    for method, rest in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/pause")]:
        reply = call(method, f"{BASE}/pi_none{rest}", json={} if method == "PATCH" else None)
        refused(reply, 404, "NOT_FOUND")


def test_a_good_key_passes_the_test(house, call, path):
    house.reply = Reply(status=200, body=b"[]", latency_ms=12.0)
    reply = call("POST", f"{path}/test", role="editor")
    assert reply.status_code == 200
    tested = reply.json()
    assert tested["ok"] is True
    assert tested["status"] == 200
    assert tested["latency_ms"] == 12.0
    (sent,) = house.sent
    assert sent.url.startswith("https://unification.useinsider.com/")
    assert sent.headers["X-REQUEST-TOKEN"].reveal() == "first-key"


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_says_cause_and_cure_in_the_words_of_the_page(house, call, path, status):
    house.reply = Reply(status=status, body=b'{"message": "key first-key is not valid"}')
    reply = call("POST", f"{path}/test")
    tested = reply.json()
    assert reply.status_code == 200
    assert tested["ok"] is False
    assert tested["status"] == status
    assert tested["cause"] == "Invalid API key or wrong scopes"
    assert "Regenerate the key with Unification API scope." in tested["cure"]
    assert "first-key" not in reply.text


@pytest.mark.parametrize(
    "said",
    ["x" * 295 + ' "first-key" is not valid', "x" * 294 + "first-key is not valid"],
    ids=["cut within it", "cut before its end"],
)
def test_a_secret_that_the_vendor_echoes_is_not_shown_in_part_either(house, call, path, said):
    house.reply = Reply(status=401, body=msgspec.json.encode({"message": said}))
    reply = call("POST", f"{path}/test")
    assert reply.json()["ok"] is False
    assert "firs" not in reply.text


@pytest.mark.parametrize("echo", ['a\\"key\\\\of/mine', "a%22key%5Cof%2Fmine", 'a"key\\of/mine'])
def test_a_secret_is_not_shown_in_another_spelling_either(house, call, path, echo):
    assert call("PATCH", path, json={"config": {"api_key": 'a"key\\of/mine'}}).status_code == 200
    house.reply = Reply(status=401, body=f"the key {echo} is unknown".encode())
    reply = call("POST", f"{path}/test").json()
    assert reply["reason"] == "the key *** is unknown"


COLUMNS = (
    b'[{"key":"email","display_name":"E-mail"},{"key":"c_plan","display_name":"Plan"},'
    b'{"key":"store_visited","display_name":"Store","params":[{"key":"c_store","display_name":"Store"}]}]'
)


def test_the_names_that_the_vendor_knows_are_taken_into_the_config_as_a_new_revision(house, call, path):
    house.reply = Reply(status=200, body=COLUMNS)
    before = call.get(path)
    reply = call("POST", f"{path}/names", role="editor")
    names = ["email", "plan", "store", "store_visited"]
    assert reply.json() == {
        "ok": True,
        "setting": "registered_names",
        "names": names,
        "status": None,
        "reason": None,
        "cause": None,
        "cure": None,
    }
    assert [msgspec.json.decode(sent.body) for sent in house.sent] == [{"table": "contacts"}, {"table": "events"}]
    after = call.get(path)
    assert after["config"]["registered_names"] == names
    assert after["config"]["partner_name"] == before["config"]["partner_name"]
    assert after["revision_id"] != before["revision_id"]
    assert call("POST", f"{path}/names", role="viewer").status_code == 403


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=403, body=b'{"message": "key first-key is not valid"}'), "key *** is not valid"),
        (Reply(status=200, body=b"{}"), None),
        (Reply(status=None, error="connection refused"), "no_answer"),
    ],
)
def test_where_no_names_are_told_nothing_is_changed_and_the_reason_is_said(house, call, path, reply, reason):
    house.reply = reply
    before = call.get(path)
    told = call("POST", f"{path}/names").json()
    assert (told["ok"], told["names"]) == (False, [])
    assert told["reason"]
    assert reason in {None, told["reason"]}
    assert told["cause"]
    assert call.get(path) == before


def test_no_answer_at_all_is_told(house, call, path):
    house.reply = Reply(status=None, error="connection refused")
    tested = call("POST", f"{path}/test").json()
    assert tested["ok"] is False
    assert tested["status"] is None
    assert (tested["reason"], tested["cause"]) == ("no_answer", "connection refused")
    assert "Check the address" in tested["cure"]


def test_an_address_that_may_not_be_called_is_told_with_the_setting_that_opens_it(house, call, path):
    house.reply = Reply(status=None, error=f"{NOT_ALLOWED}the address is private")
    tested = call("POST", f"{path}/test").json()
    assert (tested["ok"], tested["reason"]) == (False, "address_not_allowed")
    assert "DATAFLY_ALLOW_PRIVATE_ENDPOINTS=true" in tested["cure"]


def test_a_definition_that_is_gone_is_told_and_does_not_hide_the_rest(house, call, installed):
    gone = house.installed("Gone", vendor="gone")
    shown = {one["id"]: one for one in call.get(BASE)["data"]}
    assert "gone" in shown[gone.id]["notes"][0]
    assert shown[installed["id"]]["notes"] == []


def test_verdicts_are_counted(house, call, installed, path):
    installation = house.control.installation(installed["id"])
    house.decides(installation, Verdict.SKIPPED, house.happens("m1"), reason="consent_marketing")
    assert json.dumps(call.get(path)["counts"]) == '{"SKIPPED": 1}'


def test_warnings_and_drift_are_told_by_sentence_and_drift_is_noted_where_it_stands(house, call, installed, path):
    now_ms, mine = house.clock.now_ms(), installed["id"]
    told = (
        Notice(mine, WARNING, "properties.colour is not sent.", 7, now_ms),
        Notice(mine, WARNING, "", 3, now_ms),
        Notice(mine, DRIFT, "n successful and n failed do not add up to n users.", 2, now_ms),
    )
    assert call.get(path)["notes"] == []
    house.ledger.write([Writing(notices=told)])
    shown = call.get(f"{path}/warnings", role="viewer")
    assert [(one["sentence"], one["count"]) for one in shown["warnings"]] == [("properties.colour is not sent.", 7)]
    assert shown["warnings"][0]["last_seen_at"]
    assert [one["count"] for one in shown["drift"]] == [2]
    assert (shown["other_warnings"], shown["other_drift"]) == (3, 0)
    standing = call.get(path)
    assert standing["counts"] == {"warning": 10, "drift": 2}
    assert "contract, 2 so far" in standing["notes"][0]


def test_there_are_no_warnings_of_an_integration_that_is_not_there(call, refused):
    refused(call("GET", f"{BASE}/pi_none/warnings"), 404, "NOT_FOUND")


def test_of_an_address_that_is_secret_the_host_is_told_and_the_test_of_it_is_signed(house, call):
    config = {"url": "https://hooks.example.com:8443/T0/s3cret?key=x", "signing_secret": WEBHOOK_KEY}
    body = {"name": "Hook", "config": config, "pipeline_ids": [house.pipeline.id]}
    made = call("POST", "/v1/admin/integration-catalog/signed_webhook/install", json=body)
    assert made.status_code == 201, made.text
    place = f"{BASE}/{made.json()['pipeline_integrations'][0]['id']}"
    house.reply = Reply(status=204)
    tested = [call("POST", f"{place}/test") for _ in range(2)]
    assert [(one.json()["ok"], one.json()["base_url"]) for one in tested] == [
        (True, "https://hooks.example.com:8443")
    ] * 2
    for text in (made.text, *(one.text for one in tested), str(call.get(place))):
        assert "s3cret" not in text
        assert WEBHOOK_KEY not in text
    assert all(sent.headers["webhook-signature"].startswith("v1,") for sent in house.sent)
    assert {sent.url for sent in house.sent} == {config["url"]}
