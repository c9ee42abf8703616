"""What other products tell of becomes events, if they are who they say; a delivery that is repeated counts once."""

import base64
import gzip
import hashlib
import hmac
import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly.ingest.webhook_signature import CHECKS
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, WebhookKind
from datafly.process import Context, Duplicate, Memory, Refused, process_one

SECRET = "whsec_whisper"
PAID = {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1_795_599_000}
PAID |= {"data": {"object": {"amount": 2550, "customer": "cus_9", "lines": [{"sku": "p-1"}]}}}
CONTACT = {"eventId": 1, "subscriptionType": "contact.creation", "occurredAt": 1_795_599_000_123, "objectId": 5}


def digest(message, secret=SECRET):
    return hmac.digest(secret.encode(), message, hashlib.sha256)


class Sender:
    """Signs as the vendor of that kind does; `how` changes what it says."""

    def __init__(self, gate, kind, **config):
        self.gate = gate
        self.source = Source("wh_1", "pip_1", kind, Secret(SECRET), **config)
        gate.sources = {"wh_1": self.source}
        self.kind = kind

    def signed(self, body, secret, at):
        now = self.gate.clock.now_ms() + at
        stamp = str(now // 1000)
        host = f"127.0.0.1:{self.gate.port}/v1/webhook?source=wh_1".encode()
        as_base64 = base64.b64encode(digest(body, secret)).decode()
        hubspot = digest(b"POSThttps://" + host + body + str(now).encode(), secret)
        return {
            "stripe": {"stripe-signature": f"t={stamp},v1={digest(f'{stamp}.'.encode() + body, secret).hex()},v0=old"},
            "shopify": {"x-shopify-hmac-sha256": as_base64, "x-shopify-topic": "orders/create"},
            "hubspot": {
                "x-hubspot-signature-v3": base64.b64encode(hubspot).decode(),
                "x-hubspot-request-timestamp": str(now),
            },
            "custom": {"x-mine": digest(body, secret).hex()},
        }[self.kind]

    def post(self, payload, *, secret=SECRET, at=0, headers=None, query="?source=wh_1"):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = self.signed(body, secret, at) | (headers or {})
        return self.gate.post(f"/v1/webhook{query}", content=body, key=None, headers=sent)


@pytest.fixture
def sender(gate):
    def make(kind, **config):
        return Sender(gate, kind, **({"header": "X-Mine"} if kind == "custom" else {}) | config)

    return make


KINDS = pytest.mark.parametrize("kind", ["stripe", "shopify", "hubspot", "custom"])


def code(answer):
    return answer.json()["error"]["code"]


def body(gate):
    return msgspec.json.decode(gate.only.body)


# --- who sent it ------------------------------------------------------------------------------------------------------


@KINDS
def test_what_the_vendor_signed_is_taken(gate, sender, kind):
    answer = sender(kind).post(PAID | CONTACT)

    assert (answer.status_code, answer.json()) == (200, {"success": True, "accepted": 1})
    assert (gate.only.pipeline_id, gate.only.door) == ("pip_1", "/v1/webhook")


@KINDS
def test_what_somebody_else_signed_is_refused(gate, sender, kind):
    refused = sender(kind).post(PAID, secret="whsec_other")

    assert (refused.status_code, code(refused)) == (401, "INVALID_SIGNATURE")
    assert gate.entries == []


@KINDS
def test_what_is_not_signed_is_told_which_header_is_missing(gate, sender, kind):
    one = sender(kind)
    refused = gate.post("/v1/webhook?source=wh_1", PAID, key=None)

    assert (refused.status_code, code(refused)) == (401, "MISSING_SIGNATURE")
    assert refused.json()["error"]["details"]["header"].lower() in one.signed(b"", SECRET, 0)


@KINDS
def test_another_body_under_the_same_signature_is_refused(gate, sender, kind):
    one = sender(kind)
    headers = one.signed(json.dumps(PAID).encode(), SECRET, 0)
    refused = gate.post("/v1/webhook?source=wh_1", content=b'{"type":"x"}', key=None, headers=headers)

    assert code(refused) == "INVALID_SIGNATURE"


@pytest.mark.parametrize("kind", ["stripe", "hubspot"])
@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_signature_is_refused(sender, kind, minutes):
    refused = sender(kind).post(PAID, at=minutes * 60_000)

    assert (refused.status_code, code(refused)) == (401, "SIGNATURE_EXPIRED")


@pytest.mark.parametrize("told", ["", "t=", "v1=x", "t=now,v1=x", ",,,", "t=1795600000", "=,="])
def test_any_stripe_signature_header_is_judged(sender, told):
    assert sender("stripe").post(PAID, headers={"stripe-signature": told}).status_code == 401


def test_one_of_two_stripe_signatures_is_enough_while_a_secret_is_renewed(gate, sender):
    one = sender("stripe")
    right = one.signed(json.dumps(PAID).encode(), SECRET, 0)["stripe-signature"]
    stamp, rest = right.split(",", 1)

    assert one.post(PAID, headers={"stripe-signature": f"{stamp},v1={'0' * 64},{rest}"}).status_code == 200


@pytest.mark.parametrize("form", ["hex", "HEX", "sha256=hex", "base64"])
def test_a_custom_signature_may_be_written_in_several_ways(sender, form):
    right = digest(json.dumps(PAID).encode())
    told = base64.b64encode(right).decode() if form == "base64" else form.lower().replace("hex", right.hex())

    assert sender("custom").post(PAID, headers={"x-mine": told.upper() if form == "HEX" else told}).status_code == 200


def test_a_custom_sender_may_show_the_secret_itself_or_nothing(sender):
    assert sender("custom", verify="secret").post(PAID, headers={"x-mine": SECRET}).status_code == 200
    assert code(sender("custom", verify="secret").post(PAID)) == "INVALID_SIGNATURE"
    assert sender("custom", verify="none").post(PAID, headers={"x-mine": ""}).status_code == 200


@pytest.mark.parametrize("query", ["", "?source=", "?source=wh_2", "?source=sig_pip_1"])
def test_an_unknown_source_is_refused(gate, sender, query):
    one = sender("custom")
    gate.sources |= {"sig_pip_1": Source("sig_pip_1", "pip_1", SIGNING, Secret(SECRET))}

    refused = one.post(PAID, query=query)

    assert (refused.status_code, code(refused)) == (401, "UNKNOWN_SOURCE")


def test_the_source_of_a_disabled_pipeline_is_refused(gate, sender):
    one = sender("custom")
    gate.pipeline(enabled=False)

    assert one.post(PAID).status_code == 401


def test_a_bomb_that_is_not_signed_is_not_unpacked_and_one_that_is_is_bounded(sender):
    bomb, headers = gzip.compress(b" " * 20_000_000), {"content-encoding": "gzip"}

    assert code(sender("custom").post(bomb, secret="whsec_other", headers=headers)) == "INVALID_SIGNATURE"
    assert code(sender("custom").post(bomb, headers=headers)) == "GZIP_TOO_LARGE"


# --- what it says -----------------------------------------------------------------------------------------------------


def test_the_mappings_say_what_of_it_is_the_event(gate, sender):
    mappings = {
        "event": "$.type",
        "userId": "data.object.customer",
        "properties.amount": "$.data.object.amount",
        "properties.first.sku": "data.object.lines[0].sku",
        "properties.absent": "data.object.nothing[3].here",
    }
    sender("stripe", event_type_path="data.object.customer", mappings=mappings).post(PAID)

    assert body(gate) == {
        "type": "track",
        "event": "payment_intent.succeeded",
        "messageId": "stripe-evt_1",
        "timestamp": "2026-11-25T09:30:00+00:00",
        "userId": "cus_9",
        "properties": {"amount": 2550, "first": {"sku": "p-1"}},
    }


def test_without_mappings_all_of_it_is_properties(gate, sender):
    sender("stripe").post(PAID)

    assert body(gate)["properties"] == PAID


@pytest.mark.parametrize(("kind", "name"), [("shopify", "orders/create"), ("hubspot", "contact.creation")])
def test_each_vendor_names_its_events_in_its_own_place(gate, sender, kind, name):
    sender(kind).post(CONTACT)

    assert body(gate)["event"] == name


def test_a_mapping_may_make_another_type_of_it_and_a_number_an_id(gate, sender):
    mappings = {"type": "kind", "userId": "person", "traits.city": "town"}
    sender("custom", mappings=mappings).post({"kind": "identify", "person": 7, "town": "Leeds"})

    assert gate.only.type == "identify"
    assert body(gate)["userId"] == "7"
    assert body(gate)["traits"] == {"city": "Leeds"}


def test_hubspot_sends_several_and_good_ones_beside_bad_ones_are_kept(gate, sender):
    answer = sender("hubspot").post([CONTACT, 5, CONTACT | {"eventId": 2}, {"eventId": 3}])

    assert answer.json()["accepted"] == 2
    assert [(error["index"], error["code"]) for error in answer.json()["errors"]] == [
        (1, "INVALID_PAYLOAD"),
        (3, "MISSING_EVENT_NAME"),
    ]
    assert len(gate.entries) == 2


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"{", "NOT_JSON"),
        (b'{"type":"a","id":1,"id":2}', "DUPLICATE_KEY"),
        (b"5", "INVALID_PAYLOAD"),
        (b"{}", "MISSING_EVENT_NAME"),
        (b'{"type":7}', "INVALID_FIELD"),
    ],
)
def test_what_is_no_event_is_told_to_the_sender(gate, sender, payload, why):
    refused = sender("custom").post(payload)

    assert (refused.status_code, code(refused)) == (400, why)
    assert gate.entries == []


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("application/cloudevents+json", 200),
        ("text/html", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_a_webhook_that_says_it_is_no_json_is_refused_as_at_every_door(gate, sender, told, status):
    answer = sender("custom").post(PAID, headers={"content-type": told})

    assert answer.status_code == status
    assert status == 200 or code(answer) == "UNSUPPORTED_MEDIA_TYPE"
    assert len(gate.entries) == (status == 200)


@KINDS
def test_a_delivery_that_is_repeated_later_counts_once(gate, sender, kind):
    one = sender(kind)
    headers = {"x-shopify-webhook-id": "delivery-1"}
    one.post(PAID | CONTACT | {"attemptNumber": 0}, headers=headers)
    gate.clock.jump(60_000)
    one.post(
        PAID | CONTACT | {"attemptNumber": 1} if kind == "hubspot" else PAID | CONTACT | {"attemptNumber": 0},
        headers=headers,
    )
    memory = Memory()
    fates = [process_one(received, Context(), memory) for received in gate.received]

    assert [isinstance(fate, Duplicate) for fate in fates] == [False, True]


def test_the_vendors_server_is_not_the_person(gate, sender):
    answer = sender("stripe").post(PAID)

    assert (gate.only.ip, gate.only.user_agent) == (None, None)
    assert "set-cookie" not in answer.headers


def test_the_pipelines_rate_holds_for_webhooks_too(gate, sender):
    one = sender("custom")
    gate.pipeline(rate_limit_rps=1)

    assert [one.post(PAID | {"n": n}).status_code for n in range(2)] == [200, 429]


def test_a_part_of_the_payload_may_be_mapped_twice_also_into_itself(gate, sender):
    mappings = {"properties.a": "$.a", "properties.a.b": "$.a", "traits.a": "$.a"}
    answer = sender("custom", mappings=mappings).post({"type": "t", "a": {"n": 1}})

    assert answer.status_code == 200, answer.text
    body = json.loads(bytes(gate.only.body))
    assert (body["properties"], body["traits"]) == ({"a": {"n": 1, "b": {"n": 1}}}, {"a": {"n": 1}})


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
PAYLOADS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abct"), inner, max_size=4)
)
MAPPINGS = st.dictionaries(
    st.sampled_from(
        ["type", "event", "userId", "timestamp", "properties.a", "properties.a.b", "traits.c", "messageId"]
    ),
    st.sampled_from(["$.a", "a.b", "$", "b[0].c", "c[99]", "", "[0]", "a..b", "t"]),
)


@settings(max_examples=150, deadline=None)
@given(payload=PAYLOADS, mappings=MAPPINGS, kind=st.sampled_from(["stripe", "shopify", "hubspot", "custom"]))
def test_whatever_a_sender_tells_is_no_fault_of_ours_and_what_is_kept_can_be_read(shared_gate, payload, mappings, kind):
    shared_gate.renew()
    answer = Sender(shared_gate, kind, verify="none", mappings=mappings).post(payload)

    assert answer.status_code in (200, 400), answer.text
    assert len(shared_gate.entries) == (answer.json()["accepted"] if answer.status_code == 200 else 0)
    for received in shared_gate.received:
        assert not isinstance(process_one(received, Context(), Memory()), Refused)


def test_every_kind_of_webhook_has_its_check():
    assert set(CHECKS) == set(get_args(WebhookKind))
