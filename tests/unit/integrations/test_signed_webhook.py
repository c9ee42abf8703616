"""What goes with the body of a webhook, and what may be set; what the body is, the corpus shows."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from datafly import catalog
from datafly.model.consent import Consent
from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.errors import Invalid
from datafly.model.event import TYPES, Event
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.config import secrets_sent_elsewhere, validate_config
from datafly.spec.faces import example_config
from datafly.spec.signature import public_key
from datafly.testing.integration_suite import compiled, require_sendable

WEBHOOK = catalog.get("signed_webhook")
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
PRIVATE = "whsk_" + base64.b64encode(bytes(range(32))).decode()
SECONDS = 1_795_600_000
NOW_MS = SECONDS * 1000
ITEMS = [Item(b'{"a":1}', key="m-1"), Item(b'{"a":2}', key="m-2")]
HMAC = {"signature": "hmac", "hmac_secret": "shh"}


def attempt(now_ms=NOW_MS, items=ITEMS[:1], **config):
    made = compiled(WEBHOOK, **{"signing_secret": KEY, **config})
    return made.sign(made.assemble(items), items, now_ms)


def shown(outgoing):
    return {name: text.reveal() if isinstance(text, Secret) else text for name, text in outgoing.headers.items()}


def problems(**config):
    with pytest.raises(Invalid) as refused:
        validate_config(WEBHOOK, "default", "server_side", {**example_config(WEBHOOK), **config})
    return refused.value.details["problems"]


def test_a_request_that_comes_again_has_its_id_and_its_bytes_and_its_own_time_and_signature():
    now_ms = int(time.time() * 1000)
    first, again = attempt(now_ms), attempt(now_ms + 60_000)
    assert (first.body, first.url, first.method) == (again.body, again.url, again.method)
    changed = {name for name, text in shown(first).items() if shown(again)[name] != text}
    assert changed == {"webhook-timestamp", "webhook-signature"}
    for one in (first, again):
        assert Webhook(KEY).verify(one.body, shown(one)) == {"a": 1}
    others = [attempt(items=ITEMS, batching="on"), attempt(items=[Item(b'{"a":2}', key="m-1")])]
    assert len({shown(one)["webhook-id"] for one in (first, *others)}) == 3


def test_both_keys_sign_while_one_is_replaced_and_then_only_the_new_one():
    until = {"previous_signing_secret": OLD, "previous_secret_until": "2026-12-01T00:00:00Z"}
    end_ms = 1_796_083_200_000
    for now_ms, keys in ((end_ms - 1, 2), (end_ms, 1)):
        assert len(shown(attempt(now_ms, **until))["webhook-signature"].split(" ")) == keys
    overlapping = attempt(int(time.time() * 1000), previous_signing_secret=OLD)
    for key in (KEY, OLD):
        Webhook(key).verify(overlapping.body, shown(overlapping))
    both = shown(attempt(signing_secret=PRIVATE, previous_signing_secret=KEY))["webhook-signature"]
    assert [one.partition(",")[0] for one in both.split(" ")] == ["v1a", "v1"]
    assert public_key(PRIVATE).startswith("whpk_")


def test_both_hmac_secrets_sign_while_one_is_replaced_and_then_only_the_new_one():
    until = {**HMAC, "previous_hmac_secret": "old", "previous_secret_until": "2026-12-01T00:00:00Z"}
    end_ms = 1_796_083_200_000
    by = {key: hmac.new(key.encode(), b'{"a":1}', hashlib.sha256).hexdigest() for key in ("shh", "old")}
    before, after = (shown(attempt(now_ms, **until)) for now_ms in (end_ms - 1, end_ms))
    assert (before["X-Signature"], before["X-Signature-Previous"]) == (by["shh"], by["old"])
    assert (after["X-Signature"], after.get("X-Signature-Previous")) == (by["shh"], None)
    timed = shown(attempt(end_ms - 1, **until | {"signature": "timestamped"}))["X-Signature"]
    at = end_ms // 1000 - 1
    keys = [hmac.new(key, b'%d.{"a":1}' % at, hashlib.sha256).hexdigest() for key in (b"shh", b"old")]
    assert timed == f"t={at},v1={keys[0]},v1={keys[1]}"


@pytest.mark.parametrize(
    ("config", "name", "value"),
    [
        ({}, "X-Signature", hmac.new(b"shh", b'{"a":1}', hashlib.sha256).hexdigest()),
        (
            {"hmac_prefix": "sha256="},
            "X-Signature",
            "sha256=" + hmac.new(b"shh", b'{"a":1}', hashlib.sha256).hexdigest(),
        ),
        (
            {"hmac_header": "X-Hub", "hmac_algorithm": "sha512", "hmac_encoding": "base64"},
            "X-Hub",
            base64.b64encode(hmac.digest(b"shh", b'{"a":1}', "sha512")).decode(),
        ),
        (
            {"signature": "timestamped"},
            "X-Signature",
            f"t={SECONDS},v1=" + hmac.new(b"shh", b'%d.{"a":1}' % SECONDS, hashlib.sha256).hexdigest(),
        ),
    ],
)
def test_a_hmac_stands_in_the_header_as_it_was_asked_for_and_the_id_beside_it(config, name, value):
    headers = shown(attempt(**{**HMAC, **config}))
    assert headers[name] == value
    assert headers["webhook-id"].startswith("msg_")
    assert "webhook-signature" not in headers


def test_x_signature_is_sha1_in_hex_over_the_whole_body_of_a_batch_too():
    made = validate_config(WEBHOOK, "x_signature", "server_side", {"url": "https://a.example/", "hmac_secret": "shh"})
    assert "signing_secret" not in made
    outgoing = attempt(items=ITEMS, **HMAC, hmac_algorithm="sha1", batching="on")
    assert outgoing.body == b'{"events":[{"a":1},{"a":2}]}'
    assert shown(outgoing)["X-Signature"] == hmac.new(b"shh", outgoing.body, hashlib.sha1).hexdigest()


def test_credentials_and_secret_headers_travel_as_secrets_and_the_others_are_seen():
    outgoing = attempt(
        signature="none",
        authentication="basic",
        basic_user="jane",
        basic_password="pa:ss",
        headers="X-Source: shop\ncontent-type: application/cloudevents+json",
        secret_headers="X-Api-Key: k-1 k-2\n\nx-other:v",
    )
    assert outgoing.headers["X-Source"] == "shop"
    assert outgoing.headers["content-type"] == "application/cloudevents+json"
    assert "Content-Type" not in outgoing.headers
    assert shown(outgoing)["X-Api-Key"] == "k-1 k-2"
    assert shown(outgoing)["Authorization"] == "Basic " + base64.b64encode(b"jane:pa:ss").decode()
    assert all(isinstance(outgoing.headers[name], Secret) for name in ("X-Api-Key", "x-other", "Authorization"))
    bearer = attempt(authentication="bearer", bearer_token="t-1", secret_headers="authorization: other")
    assert [text for name, text in shown(bearer).items() if name.lower() == "authorization"] == ["Bearer t-1"]


def test_what_a_receiver_may_repeat_of_secret_headers_is_a_secret_of_the_installation():
    made = compiled(
        WEBHOOK, authentication="basic", basic_user="jane", basic_password="pass", secret_headers="X-Api-Key: k-1"
    )
    assert {"k-1", "pass", "Basic " + base64.b64encode(b"jane:pass").decode()} <= made.secrets


@pytest.mark.parametrize(
    ("config", "field", "says"),
    [
        ({"signing_secret": None}, "signing_secret", "is required with signature: standard"),
        ({"signature": "hmac"}, "hmac_secret", "is required with signature: hmac"),
        ({"authentication": "bearer"}, "bearer_token", "is required with authentication: bearer"),
        ({"authentication": "basic"}, "basic_user", "is required with authentication: basic"),
        ({"payload": "template"}, "body_template", "is required with payload: template"),
        ({"payload": "template", "body_template": '{"a": "{{ x }}"}'}, "body_template", "reads x, which no event has"),
        ({"body_template": "{"}, "body_template", "is no JSON"),
        ({"signing_secret": "abc"}, "signing_secret", "begins with neither whsec_ nor whsk_"),
        ({"previous_signing_secret": "whsec_AAAA"}, "previous_signing_secret", "holds 3 bytes"),
        ({"previous_secret_until": "2026-13-01T00:00:00Z"}, "previous_secret_until", "is no time"),
        ({"previous_secret_until": "2026-12-01T00:00:00"}, "previous_secret_until", "is no time"),
        ({"hmac_header": "Webhook-Signature"}, "hmac_header", "that Signal sets itself"),
        ({"hmac_header": "X Y"}, "hmac_header", "is no name of a header"),
        ({"headers": "X-A: 1\nno header"}, "headers", "has in line 2 no header"),
        ({"headers": "X-A: 1\nx-a: 2"}, "headers", "has x-a twice"),
        ({"headers": "Host: internal"}, "headers", "which Signal sets itself"),
        ({"headers": "Authorization: Bearer x"}, "headers", "sounds like a secret"),
        ({"headers": "X-Api-Key: x"}, "headers", "sounds like a secret"),
        ({"secret_headers": "X-A: 1\r\nContent-Length: 5"}, "secret_headers", "which Signal sets itself"),
        ({"secret_headers": "X-A: caf\u00e9"}, "secret_headers", "in ASCII"),
        ({"url": "https://a.example/\nX: 1"}, "url", "line breaks"),
        ({"url": "https://user:pw@a.example/"}, "url", "is not scheme://host/path"),
        ({"url": "file:///etc/passwd"}, "url", "is not scheme://host/path"),
        ({"url": "https://a.example/#x"}, "url", "is not scheme://host/path"),
        ({"method": "GET"}, "method", "is none of POST, PUT"),
    ],
)
def test_what_cannot_be_is_told_when_it_is_set_and_no_secret_with_it(config, field, says):
    told = problems(**config)[f"config.{field}"]
    assert says in told
    assert all(value not in told for name, value in config.items() if value and name in WEBHOOK.secret_names())


@pytest.mark.parametrize(
    "url", ["https://a.example/hook/", "https://a.example/hook?token=a%20b&x=1", "https://a.example"]
)
def test_the_url_is_called_to_the_letter(url):
    made = compiled(WEBHOOK, url=url)
    assert made.assemble(ITEMS[:1]).url == url
    assert made.credential_check.url == url


def test_credentials_are_not_kept_for_another_address_and_so_not_sent_to_whoever_is_there():
    old = validate_config(
        WEBHOOK, "default", "server_side", {**example_config(WEBHOOK), "authentication": "bearer", "bearer_token": "t"}
    )
    moved = secrets_sent_elsewhere(WEBHOOK, old, {"url": "https://other.example/"})
    assert moved == ["bearer_token", "signing_secret"]
    assert secrets_sent_elsewhere(WEBHOOK, old, {"url": "***", "method": "PUT"}) == []
    assert secrets_sent_elsewhere(WEBHOOK, old, {"url": old["url"].reveal()}) == []


def test_alone_a_request_is_the_event_and_in_a_batch_a_list_even_of_one():
    alone, together = compiled(WEBHOOK), compiled(WEBHOOK, batching="on", events_per_request=7, bytes_per_request=5_000)
    assert "" in alone.alone
    assert "" not in together.alone
    assert (together.limits.max_items, together.limits.max_bytes) == (7, 5_000)
    assert alone.assemble(ITEMS[:1]).body == b'{"a":1}'
    assert together.assemble(ITEMS[:1]).body == b'{"events":[{"a":1}]}'
    assert compiled(WEBHOOK, timeout_seconds=3).assemble(ITEMS[:1]).timeout_seconds == 3


@pytest.mark.parametrize(
    ("status", "headers", "verdict", "after"),
    [
        (200, {}, Verdict.DELIVERED, None),
        (202, {}, Verdict.DELIVERED, None),
        (204, {}, Verdict.DELIVERED, None),
        (301, {"location": "http://169.254.169.254/"}, Verdict.SUSPENDED, None),
        (304, {}, Verdict.SUSPENDED, None),
        (307, {"location": "https://b.example/"}, Verdict.SUSPENDED, None),
        (400, {}, Verdict.REJECTED, None),
        (410, {}, Verdict.SUSPENDED, None),
        (422, {}, Verdict.REJECTED, None),
        (429, {"retry-after": "7"}, Verdict.RETRY, 7.0),
        (500, {}, Verdict.RETRY, None),
        (502, {"retry-after": "3"}, Verdict.RETRY, 3.0),
        (503, {"retry-after": "120"}, Verdict.RETRY, 120.0),
        (504, {}, Verdict.RETRY, None),
        (599, {}, Verdict.RETRY, None),
    ],
)
def test_an_answer_means_what_standard_webhooks_says(status, headers, verdict, after):
    ruling = compiled(WEBHOOK).judge(Reply(status, headers, b"x"), ITEMS[:1]).whole
    assert (ruling.verdict, ruling.retry_after_seconds) == (verdict, after)
    if verdict is Verdict.SUSPENDED:
        assert headers.get("location", "") in ruling.cause
        assert ruling.cure


def test_a_user_is_erased_by_a_signed_request_that_names_her():
    made = compiled(WEBHOOK)
    outgoing = made.calls["delete_user"].make({"user": {"userId": "user-123"}})
    assert json.loads(outgoing.body) == {"type": "signal.delete_user", "data": {"user": {"userId": "user-123"}}}
    assert made.calls["delete_user"].judge(Reply(204)).verdict is Verdict.DELIVERED


def test_a_request_shows_neither_its_address_nor_its_headers():
    assert repr(Outgoing("POST", "https://a.example/secret", {"X": "y"}, b"{}")) == "Outgoing(POST, 2 bytes)"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=5)
PAYLOADS = {
    payload: compiled(
        WEBHOOK, payload=payload, body_template='{"p": "{{ properties }}", "who": "{{ user_id ?? context }}"}'
    )
    for payload in ("canonical", "envelope", "template")
}


@given(
    st.sampled_from(sorted(PAYLOADS)),
    st.builds(
        Event,
        st.text(min_size=1, max_size=8),
        st.sampled_from(sorted(TYPES)),
        st.just("pl"),
        st.just("k"),
        st.integers(-(2**53), 2**53),
        st.just(0),
        user_id=st.none() | st.text(max_size=8),
        anonymous_id=st.none() | st.text(max_size=8),
        event=st.none() | st.text(max_size=8),
        name=st.none() | st.text(max_size=8),
        properties=OBJECTS,
        traits=OBJECTS,
        known_traits=OBJECTS,
        context=OBJECTS,
        consent=st.builds(Consent, st.dictionaries(st.sampled_from(["marketing", "analytics"]), st.booleans())),
    ),
)
def test_every_event_becomes_a_body_that_can_be_sent_or_is_refused_with_a_reason(payload, event):
    made = PAYLOADS[payload]
    shaped = made.shape(event, 0)
    if isinstance(shaped, Ruling):
        assert shaped.reason
        assert shaped.cause
        return
    (item,) = shaped
    body = json.loads(made.assemble([item]).body)
    require_sendable(body)
    assert shaped == made.shape(event, 1)
    if payload == "canonical":
        assert (body["type"], body["messageId"]) == (event.type, event.message_id)
