"""Rules on personal data, as they are made and as what is kept is shown by them."""

import json
from functools import partial

import msgspec
import pytest

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.sqlite import SqliteLog
from datafly.management.as_kept import AsKept
from datafly.management.as_sent import AsSent
from datafly.management.events_log import EventsLog
from datafly.management.views.exchange import RequestView
from datafly.management.views.fate import expired_view
from datafly.model.delivery import Answer, SentRequest
from datafly.model.event import Received
from datafly.model.installation import Revision
from datafly.model.pii import PiiRules, hashed
from datafly.model.verdict import Verdict

MAIL = "Ann@Shop.Example"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def ruled(house):
    """Its pipeline has rules from now on."""

    def ruled_(**rules):
        house.clock.clock.jump(1_000)
        house.control.update_pipeline(house.pipeline.id, {"pii_rules": PiiRules(**rules)})
        house.clock.clock.jump(1_000)

    return ruled_


def came(house, message_id="m1", **fields):
    house.happens(message_id, event="Paid", properties={"card": CARD}, traits={"email": MAIL}, **fields)


def test_what_was_kept_before_there_was_a_rule_is_neither_shown_nor_found(house, call, ruled):
    came(house)
    assert CARD in str(call.get("/v1/admin/live-events"))
    ruled(redact_fields=("properties.card",), hash_fields=("traits.email",))
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert (event["properties"], event["traits"]) == ({}, {"email": hashed(MAIL)})
    for path in ("live-events?text=4111", "live-events?text=Ann%40"):
        assert call.get(f"/v1/admin/{path}")["data"] == []
    assert CARD not in str(call.get("/v1/admin/events/m1"))


def test_somebody_whose_address_is_hashed_is_found_by_it(house, call, ruled):
    came(house, user_id="u-1")
    ruled(hash_fields=("traits.email",))
    found = call.get("/v1/admin/live-events?email=ann%40shop.example")["data"]
    assert [one["message_id"] for one in found] == ["m1"]
    person = call.get("/v1/admin/people?q=ANN%40shop.example")
    assert (person["user_ids"], person["emails"]) == (["u-1"], [hashed(MAIL)])


def test_events_of_other_pipelines_are_as_they_were(house, call, ruled):
    came(house, pipeline_id="pip_other")
    ruled(redact_fields=("properties.card",))
    assert CARD in str(call.get("/v1/admin/live-events"))


def test_the_request_that_brought_an_event_says_where_something_was_taken_out(house, ruled, tmp_path):
    ruled(redact_fields=("properties.card", "context.ip"))
    log = SqliteLog(tmp_path / "raw", {RAW: 1, EVENTS: 1})
    body = {"type": "track", "event": "Paid", "properties": {"card": CARD, "n": 1}}
    sent = Received(house.pipeline.id, "m1", 1, msgspec.Raw(msgspec.json.encode(body)), ip="203.0.113.9")
    with_more = msgspec.json.encode(msgspec.structs.replace(sent, pipeline_id="pip_other"))
    appender = log.appender(RAW, 0)
    appender.append([Entry("k", msgspec.json.encode(sent)), Entry("k", with_more), Entry("k", b"no event")])
    raw = EventsLog([partial(log.reader, RAW, 0)], as_kept=AsKept(house.control, house.clock).received)
    first, second, third = (place.record.value for place in raw.between(0, 0, 2))
    shown = msgspec.json.decode(first, type=Received)
    assert (shown.ip, msgspec.json.decode(shown.body)["properties"]) == ("[redacted]", {"card": "[redacted]", "n": 1})
    assert (second, third) == (with_more, b"no event")
    raw.close()
    appender.close()


def test_what_looks_like_personal_data_is_told_without_a_value_and_what_has_a_rule_comes_last(house, call, ruled):
    for number in range(3):
        traits = {"email": MAIL, "shoe": "9"}
        context = {"ip": "203.0.113.9", "consent": {"x": MAIL}}
        house.happens(f"m{number}", event="Paid", properties={"note": f"by {CARD}"}, traits=traits, context=context)
    house.happens("m9", event="Order", properties={"number": 4111111111111111, "first_name": "Ann"}, user_id=MAIL)
    for number in range(2):
        house.happens(f"n{number}", event="Order", properties={"number": 4111111111111112 + number})
    ruled(hash_fields=("traits.email",))
    told = call.get(f"/v1/admin/pipelines/{house.pipeline.id}/personal-data", role="viewer")
    assert told["looked_through"] == 6
    assert [(one["field"], one["looks_like"], one["events"], one["rule"]) for one in told["found"]] == [
        ("context.ip", "an IP address", 3, None),
        ("properties.note", "a card number", 3, None),
        ("properties.first_name", "personal, by its name", 1, None),
        ("userId", "an e-mail address", 1, None),
    ]
    assert not [value for value in (MAIL, CARD, "203") if value in str(told)]


def test_whom_rules_keep_a_vendor_from_knowing_is_told(house, call):
    house.installed("Insider")
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    rules = {"hash_fields": ["traits.email"]}
    assert call("PATCH", path, role="editor", json={"pii_rules": rules}).status_code == 200
    (one,) = call.get(f"{path}/personal-data")["recipients"]
    assert (one["gets"], one["not_known_by"]) == ("hash", ["email"])
    call("PATCH", path, json={"pii_rules": {**rules, "raw_for": ["insider"]}})
    (one,) = call.get(f"{path}/personal-data")["recipients"]
    assert (one["gets"], one["not_known_by"]) == ("value", [])


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"redact_fields": ["email"]}, "traits.email"),
        ({"redact_fields": ["traits.a[0]"]}, "traits.email"),
        ({"redact_fields": ["context.consent.marketing"]}, "what the visitor chose"),
        ({"hash_fields": ["context.Consent"]}, "what the visitor chose"),
        ({"raw_for": ["nobody"]}, "there is no integration 'nobody'"),
        ({"hash_algorithm": "md5"}, "sha256"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused_with_what_is_wrong(house, call, rules, words):
    reply = call("PATCH", f"/v1/admin/pipelines/{house.pipeline.id}", json={"pii_rules": rules})
    assert reply.status_code == 422
    assert words in reply.json()["error"]["message"]


SENT = {
    "email": "ann@shop.example",
    "gsm": "+447700900123",
    "age": 31,
    "quantity": 31,
    "greeting": "Dear ANN@shop.example!",
    "note": "nothing of hers",
}
SAID = "not a valid address: ann@shop.example"


def refused(house, installation):
    """An event whose vendor quoted in its answer what it does not take."""
    place = house.happens("m1", user_id="u-1", traits={"email": MAIL, "phone": "07700 900123", "age": 31}, event="Paid")
    request = SentRequest("POST", f"https://vendor.example/u?mail={SENT['email']}", {}, json.dumps(SENT))
    answer = Answer(status=200, body=json.dumps({"errors": [SAID]}))
    attempt = house.attempt(installation, place, delivered=(), request=request, response=answer)
    house.decides(installation, Verdict.REJECTED, place, reason=SAID, attempt=attempt)


def test_what_was_sent_before_there_was_a_rule_is_shown_as_the_rule_has_it(house, call, ruled):
    installation = house.installed()
    refused(house, installation)
    paths = ("live-events", "dead-letters")
    for path in paths:
        assert "ann@shop.example" in json.dumps(call.get(f"/v1/admin/{path}")["data"][0])
    ruled(redact_fields=("traits.email", "traits.age"), hash_fields=("traits.phone",))
    phone = hashed("07700 900123", "traits.phone")
    for path in paths:
        (found,) = call.get(f"/v1/admin/{path}")["data"]
        told = found["deliveries"][0] if path == "live-events" else found
        assert told["request"]["body"] == {
            "email": "[redacted]",
            "gsm": phone,
            "age": "[redacted]",
            "quantity": 31,
            "greeting": "Dear [redacted]!",
            "note": "nothing of hers",
        }
        assert told["request"]["url"] == "https://vendor.example/u?mail=[redacted]"
        assert told["response"]["body"] == {"errors": ["not a valid address: [redacted]"]}
        assert told["reason"] == "not a valid address: [redacted]"
        assert "ann@" not in json.dumps(found).lower()
    assert json.loads(house.ledger.attempts(installation_id=installation.id, limit=1)[0].request.body) == SENT


def test_short_values_truths_and_numbers_with_zeros_before_them_are_hidden_where_they_are_meant_and_nowhere_else(
    house, call, ruled
):
    installation = house.installed()
    known = {"age": 31, "floor": 31, "vip": True, "income": 52_000}
    place = house.happens("m1", user_id="u-1", traits=known, properties={"ticket": "0000007"}, event="Paid")
    others = {"quantity": 31, "is_new": True, "order": 12_345_677, "says": "it is true"}
    request = SentRequest(
        "POST", "https://vendor.example/u", {}, json.dumps({**known, "income": 52_000.0, "ticket": "0000007", **others})
    )
    house.decides(installation, Verdict.REJECTED, place, attempt=house.attempt(installation, place, request=request))
    ruled(redact_fields=(*(f"traits.{name}" for name in known), "properties.ticket"))
    (event,) = call.get("/v1/admin/live-events")["data"]
    gone = dict.fromkeys((*known, "ticket"), "[redacted]")
    assert event["deliveries"][0]["request"]["body"] == {**gone, **others}


def test_a_vendor_that_gets_the_value_itself_is_shown_as_it_was_told(house, call, ruled):
    refused(house, house.installed())
    ruled(hash_fields=("traits.email", "traits.phone"), raw_for=("insider",))
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["deliveries"][0]["request"]["body"] == SENT


@pytest.mark.parametrize(
    ("body", "config", "why"),
    [
        (
            '{"users": [{"mail": "bob@shop.example"}, {"mail": "ann@shop.example"}]}',
            {},
            "the settings of the integration",
        ),
        ("mail=bob@shop.example&mail=ann@shop.example", None, "it is not as the integration makes them now"),
        ('{"people": [{"mail": "bob@shop.example"}, {"mail": "ann@shop.example"}]}', None, "it is not as"),
    ],
)
def test_of_a_request_of_several_that_nobody_can_pick_apart_nothing_is_shown_once_there_are_rules(  # noqa: PLR0917
    house, call, ruled, body, config, why
):
    installation = house.installed()
    places = [house.happens(f"m{number}", user_id=name) for number, name in enumerate(("bob", "ann"))]
    house.decides(installation, Verdict.REJECTED, *places, attempt=house.attempt(installation, *places, body=body))
    if config is not None:
        house.control.revise(installation.id, Revision(id="", template_id="", number=0, config=config))
    paths = ("live-events", "dead-letters")
    for path in paths:
        assert "bob@shop.example" in json.dumps(call.get(f"/v1/admin/{path}"))
    ruled(redact_fields=("traits.email",))
    for path in paths:
        for found in call.get(f"/v1/admin/{path}")["data"]:
            told = found["deliveries"][0] if path == "live-events" else found
            assert told["request"]["body"].startswith("Not shown: this request is of several events")
            assert why in told["request"]["body"]
            assert "@shop.example" not in json.dumps(found)


def test_a_request_of_one_event_is_shown_by_the_rules_though_nobody_can_pick_it_apart(house, call, ruled):
    installation = house.installed()
    place = house.happens("m1", user_id="ann", traits={"email": MAIL})
    house.delivers(installation, place, place, body="mail=ann@shop.example&plan=gold")
    ruled(redact_fields=("traits.email",))
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["deliveries"][0]["request"]["body"] == ["mail=[redacted]&plan=gold"] * 2


def test_of_an_event_that_is_not_kept_any_more_no_request_is_shown_once_there_are_rules(house, ruled):
    installation = house.installed()
    place = house.happens("m1", event="Paid")
    ruled(redact_fields=("traits.email",))
    found = house.control.installation(installation.id)
    request = RequestView("POST", "https://vendor.example", {}, SENT)
    gone = msgspec.structs.replace(expired_view(found), request=request)
    told = AsSent(EventsLog([])).view(gone, found, *place)
    assert (told.request.body, told.request.url) == ("[redacted]", "[redacted]")


def test_that_an_event_was_lost_before_it_was_sent_is_told_though_there_are_rules(house, ruled):
    installation = house.installed()
    ruled(redact_fields=("traits.email",))
    found, unkept = house.control.installation(installation.id), AsSent(EventsLog([]))
    lost = msgspec.structs.replace(expired_view(found), verdict=Verdict.EXHAUSTED, reason="retention")
    assert unkept.view(lost, found, 0, 7) == lost
    quoted = msgspec.structs.replace(lost, verdict=Verdict.REJECTED, reason=SAID)
    assert unkept.view(quoted, found, 0, 7).reason == "[redacted]"
