"""Every request to Klaviyo against its own OpenAPI, unknown names refused, and the limits that it tells in words."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.deliver.batch import Batch, Unit
from datafly.integrations.klaviyo.routes import REVISION
from datafly.model.consent import Consent
from datafly.model.event import Event
from datafly.model.taxonomy import EVENTS as STANDARD_EVENTS
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.calls import DELETE_USER
from datafly.spec.compile import compile_integration
from datafly.spec.config import validate_config
from datafly.spec.faces import cases, event_of
from datafly.spec.frame import places_of
from datafly.spec.pacing import Window
from datafly.testing.integration_suite import compiled, every_part, every_value, require_sendable
from datafly.testing.openapi import Operation

CONTRACT = Path(__file__).parents[2] / "contract/klaviyo"
OPERATIONS = {one.path: one for one in map(Operation, sorted(CONTRACT.glob("*.json")))}
KLAVIYO = catalog.get("klaviyo")
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIST = {"list_id": "Y6nRLr"}


def operation_of(outgoing):
    return OPERATIONS[outgoing.url.removeprefix("https://a.klaviyo.com")]


def problems_of(outgoing):
    return operation_of(outgoing).problems(json.loads(outgoing.body))


@pytest.mark.parametrize("case", [case for case in cases(KLAVIYO) if not case.sample.refuses], ids=lambda case: case.id)
def test_what_a_sample_becomes_is_what_klaviyo_publishes(case):
    made = compiled(KLAVIYO, **case.sample.config)
    for item in made.shape(event_of(case.sample), 0):
        assert problems_of(made.assemble([item])) == []


def test_what_is_wrong_is_found():
    create = OPERATIONS["/api/events"]
    right = json.loads(first_sent("an event of one's own").body)
    assert create.problems(right) == []
    wrong = json.loads(json.dumps(right).replace('"unique_id"', '"uniqe_id"').replace('"value": 3.5', '"value": "3.5"'))
    assert len(create.problems(wrong)) == 2


def first_sent(title):
    (case,) = [case for case in cases(KLAVIYO) if case.sample.title == title]
    made = compiled(KLAVIYO, **case.sample.config)
    return made.assemble([made.shape(event_of(case.sample), 0)[0]])


def test_all_calls_are_those_of_one_revision_at_its_rates():
    called = {route.path: route for route in KLAVIYO.routes} | {call.path: call for call in KLAVIYO.calls}
    assert called.keys() == OPERATIONS.keys()
    for path, operation in OPERATIONS.items():
        assert operation.version == REVISION
        paced = called[path] if called[path].requests_per_minute else KLAVIYO.limits
        assert paced.requests_per_minute == operation.per_minute
        assert paced.windows == (Window(operation.per_second, 1.0),)
    headers = first_sent("a login").headers
    told = {name: headers[name] for name in ("revision", "Content-Type", "Accept")}
    assert told == {"revision": REVISION, "Content-Type": operation.content_type, "Accept": operation.content_type}


def test_who_is_erased_is_named_by_one_identifier():
    call = compiled(KLAVIYO).calls[DELETE_USER]
    both = call.make({"user": {"phone_number": "+447700900123", "email": "jane@example.com", "external_id": "u"}})
    assert problems_of(both) == []
    profile = json.loads(both.body)["data"]["attributes"]["profile"]["data"]
    assert profile["attributes"] == {"email": "jane@example.com"}
    with pytest.raises(ValueError, match="email or phone_number"):
        call.make({"user": {"external_id": "u"}})


TEXT = st.text(max_size=12) | st.sampled_from(["x" * 300, "Jane@Example.com", "+44 7700 900123", "GBP", "\ud800", "10"])
NUMBER = st.integers(-5, 5) | st.floats() | st.integers(-(2**70), 2**70)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
LINE = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("product_id", "sku", "name", "price", "quantity", "category", "brand", "url", "image_url", "currency", "x"),
        VALUE | st.sampled_from(["SKU-1", 10.5, 2]),
    ),
)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("order_id", "total", "revenue", "value", "currency", "coupon", "discount", "url", "$v"), VALUE
        ),
        "products": st.lists(LINE | VALUE, max_size=4) | VALUE,
    },
) | st.dictionaries(TEXT, VALUE, max_size=4)
TRAITS = st.fixed_dictionaries(
    {},
    optional={
        "email": st.just("jane@example.com") | VALUE,
        "phone": st.just("+447700900123") | VALUE,
        **dict.fromkeys(("email_optin", "sms_optin", "whatsapp_optin"), st.booleans() | VALUE),
        **dict.fromkeys(("first_name", "locale", "address", "company", "city", "user_id", "plan"), VALUE),
    },
)
EVENTS = st.builds(
    Event,
    message_id=st.uuids().map(str),
    type=st.sampled_from([*["track"] * 5, "page", "screen", "identify", "identify", "group", "alias", "consent"]),
    pipeline_id=st.just("pl"),
    key=st.just("k"),
    timestamp_ms=st.integers(-(2**50), 2**50) | st.integers(700_000_000_000, 1_795_600_000_000),
    received_ms=st.just(1_795_600_000_000),
    user_id=st.sampled_from(["user-123", "user-123", "null", "u" * 256, None]) | TEXT.filter(bool),
    anonymous_id=st.sampled_from(["a-1", "null", None]) | TEXT.filter(bool),
    event=st.sampled_from([one.name for one in STANDARD_EVENTS]) | TEXT | st.just("x" * 128),
    name=st.none() | TEXT,
    properties=PROPERTIES,
    traits=TRAITS,
    known_traits=TRAITS,
    group_id=st.sampled_from([None, "g-1"]),
    historical=st.booleans(),
    context=st.fixed_dictionaries({}, optional={"page": VALUE, "timezone": VALUE}),
    consent=st.sampled_from(
        [Consent(), Consent({"marketing": False}, "event", changed=("marketing",), withdrawn=("marketing",))]
    ),
)
CHOICES = [one for one in KLAVIYO.settings if one.kind in ("select", "boolean")]
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        **{
            one.name: st.booleans() if one.kind == "boolean" else st.sampled_from([each.value for each in one.options])
            for one in CHOICES
        },
        "list_id": st.just("Y6nRLr"),
        "profiles_per_request": st.integers(1, 3),
        "default_country": st.just("GB"),
        "default_currency": st.just("EUR"),
    },
)


def installed(config):
    given = {"private_api_key": "pk_1", **config}
    return compile_integration(KLAVIYO, validate_config(KLAVIYO, "default", "server_side", given))


def items_of(made, event):
    shaped = made.shape(event, 1_795_600_000_000)
    if isinstance(shaped, Ruling):
        assert shaped.verdict in (Verdict.SKIPPED, Verdict.REJECTED)
        assert shaped.reason
        assert shaped.cause
        return ()
    return shaped


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0) if isinstance(value, dict | list) else 0


def require_inside_limits(event):
    """What the schema does not say, and the words beside it do."""
    assert len(event["properties"]) <= 400
    assert depth(event["properties"]) <= 10
    assert len(event["metric"]["data"]["attributes"]["name"]) < 128
    assert 1991 <= datetime.fromisoformat(event["time"]).astimezone(UTC).year <= 2027
    assert all(len(value.encode()) <= 100_000 for value in every_value(event) if isinstance(value, str))
    assert all(len(part) <= 4_000 for part in every_part(event) if isinstance(part, list))
    assert math.isfinite(event.get("value", 0))


@UNTIMED
@given(EVENTS, CONFIGS)
def test_whatever_is_sent_validates_and_keeps_to_the_limits_or_a_reason_says_why_not(event, config):
    made = installed(config)
    for item in items_of(made, event):
        outgoing = made.assemble([item])
        assert problems_of(outgoing) == []
        body = json.loads(outgoing.body)
        require_sendable(body)
        if outgoing.url.endswith("/api/events"):
            attributes = body["data"]["attributes"]
            require_inside_limits(attributes)
            who = attributes["profile"]["data"]["attributes"]
            assert who
            assert who.keys() <= {"email", "phone_number", "external_id", "anonymous_id"}
            assert who.get("external_id") in (event.user_id, None)
            assert attributes.get("backfill", False) == event.historical
        if outgoing.url.endswith(("/api/profile-import", "/api/profile-bulk-import-jobs")):
            assert len(item.body) <= 100_000
            assert b'"anonymous_id"' not in item.body


@UNTIMED
@given(EVENTS)
def test_the_same_event_gives_the_same_bytes(event):
    made = installed(LIST)
    assert made.shape(event, 0) == made.shape(event, 1)


@UNTIMED
@given(EVENTS, CONFIGS)
def test_nobody_is_subscribed_but_by_her_own_word_with_what_the_channel_needs(event, config):
    made = installed(config)
    routes = {"subscribe": True, "unsubscribe": False}
    jobs = [item for item in items_of(made, event) if item.route in routes]
    withdrawn = bool(event.consent.withdrawn)
    for item in jobs:
        who = json.loads(item.body)
        assert not event.historical or withdrawn
        assert who.keys() - {"subscriptions"} <= {"email", "phone_number"}
        for channel in who["subscriptions"]:
            assert who["email" if channel == "email" else "phone_number"]
            told = event.traits.get(f"{channel}_optin")
            assert withdrawn or (event.type == "identify" and told is not None)
            if isinstance(told, bool) and not withdrawn:
                assert told is routes[item.route]
    if withdrawn and config.get("on_withdrawal") == "unsubscribe":
        assert {item.route for item in items_of(made, event)} <= {"unsubscribe"}


@UNTIMED
@given(st.lists(EVENTS, min_size=1, max_size=25), st.integers(1, 5), CONFIGS)
def test_requests_of_many_validate_hold_nothing_twice_and_no_more_than_they_may(events, copies, config):
    made = installed({**config, **LIST})
    items = [item for event in events for item in items_of(made, event)] * copies
    for batch in batches_of(made, items):
        batch.arrange()
        outgoing = made.assemble(batch.items())
        assert problems_of(outgoing) == []
        most = {"unsubscribe": 100, "profiles": config.get("profiles_per_request", 1)}
        assert len(batch.units) <= most.get(batch.route, 1_000)
        assert len(outgoing.body) <= 5_000_000
        if outgoing.url.endswith("/event-bulk-create-jobs"):
            require_a_sound_job(json.loads(outgoing.body), batch.items())


@UNTIMED
@given(st.lists(EVENTS, min_size=1, max_size=25), st.integers(1, 4))
def test_what_one_profile_did_goes_in_the_order_in_which_it_was_done(events, most):
    made = installed({"events_per_request": most})
    items = [item for event in events for item in items_of(made, event) if item.route == ""]
    sent = {}
    for batch in batches_of(made, items):
        batch.arrange()
        for item in batch.items():
            sent.setdefault(item.group, []).append(item)
    for group, of_profile in sent.items():
        assert of_profile == [item for item in items if item.group == group]


def require_a_sound_job(body, items):
    groups = body["data"]["attributes"]["events-bulk-create"]["data"]
    seen = set()
    for group in groups:
        who = json.dumps(group["attributes"]["profile"], sort_keys=True)
        for event in group["attributes"]["events"]["data"]:
            told = event["attributes"]
            once = (who, told["metric"]["data"]["attributes"]["name"], told["unique_id"])
            assert once not in seen
            seen.add(once)
    for item, (group, place) in zip(items, places_of([item.group for item in items]), strict=True):
        there = groups[group]["attributes"]["events"]["data"][place]["attributes"]
        assert there == msgspec.json.decode(item.body)


def batches_of(made, items):
    """As delivery fills them."""
    batches = []
    for item in items:
        if not batches or not batches[-1].takes(item, made.limits):
            batches.append(Batch(made, "r", 1, []))
        batches[-1].add(Unit(None, item))
    return batches


def track(**properties):
    return Event(
        "m", "track", "pl", "k", 1_795_600_000_000, 1_795_600_000_000, "u", event="Quiz", properties=properties
    )


@pytest.mark.parametrize(
    ("properties", "kept", "warning"),
    [
        ({f"a{n}": n for n in range(401)}, {f"a{n}": n for n in range(400)}, "401 properties"),
        ({"essay": "é" * 50_001, "n": 1}, {"n": 1}, "essay is a text of more than 100,000 bytes"),
        ({"answers": [1] * 4_001}, {"answers": [1] * 4_000}, "answers has 4,001 entries"),
    ],
)
def test_what_is_beyond_a_limit_is_left_out_with_a_warning(properties, kept, warning):
    (item,) = installed({}).shape(track(**properties), 0)
    assert json.loads(item.body)["properties"] == kept
    assert [warning in said for said in item.warnings] == [True]


def test_what_is_nested_too_deep_for_klaviyo_is_not_sent():
    deep = {"a": 1}
    for _ in range(20):
        deep = {"in": deep, "n": 1}
    (item,) = installed({}).shape(track(**deep), 0)
    assert depth(json.loads(item.body)["properties"]) == 10
