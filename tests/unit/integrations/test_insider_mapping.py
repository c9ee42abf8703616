"""What holds of Insider's requests whatever the event."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.deliver.batch import Batch, Unit
from datafly.model import traits
from datafly.model.consent import Consent
from datafly.model.errors import CallerError
from datafly.model.event import Event
from datafly.model.verdict import Ruling, Verdict
from datafly.sandbox.insider.account import AccountRules
from datafly.sandbox.insider.users import AcceptedUser, Reading, read_user
from datafly.spec.compile import compile_integration
from datafly.spec.config import validate_config
from datafly.testing.integration_suite import require_sendable

INSIDER = catalog.get("insider")
CONFIG = {"api_key": "xxxxxxxxxxxxxxxxxxxx", "partner_name": "myco"}
MADE = compile_integration(INSIDER, validate_config(INSIDER, "default", "server_side", CONFIG))

TEXT = st.text(max_size=12)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
NESTED = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner), max_leaves=5)
VALUE = SCALAR | NESTED
NAMED = dict.fromkeys(
    ("product_id", "sku", "price", "quantity", "currency", "category", "order_id", "cart_id", "total", "name"), VALUE
)
GOOD = {
    "currency": st.sampled_from(["EUR", "gbp"]),
    "price": st.floats(0, 1e6),
    "order_id": st.just("ORD-9"),
    "product_id": st.just("SKU-1"),
}
LINE = st.fixed_dictionaries(GOOD, optional={"quantity": VALUE, "category": VALUE, "name": VALUE})
PROPERTIES = st.builds(
    lambda noise, good: {**noise, **good},
    st.dictionaries(TEXT, VALUE, max_size=4),
    st.fixed_dictionaries({**GOOD, "products": st.lists(LINE, min_size=1, max_size=3)}, optional={"total": VALUE})
    | st.fixed_dictionaries({**GOOD, "products": st.lists(LINE | VALUE, max_size=3) | VALUE})
    | st.fixed_dictionaries({}, optional={**NAMED, "products": st.lists(LINE | VALUE, max_size=3)}),
)
DEFAULT_TRAITS = [item.name for item in traits.TRAITS]
TRAITS = st.builds(
    lambda one, other: {**one, **other},
    st.dictionaries(
        TEXT | st.sampled_from(["Email", "phoneNumber", "UUID", "userId", *DEFAULT_TRAITS]), VALUE, max_size=5
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "email": VALUE | st.emails(),
            "phone": VALUE | st.sampled_from(["+447700900123", "07700900123", "+1 (212) 555-0123", "+0"]),
        },
    ),
)
STANDARD = st.sampled_from([rule.event for rule in INSIDER.rules if not rule.is_type and rule.event != "*"])
NATIVE = st.sampled_from([rule.name for rule in INSIDER.rules if isinstance(rule.name, str) and rule.name])
CATEGORY = TEXT | st.sampled_from(["marketing", "analytics"])
CONSENT = st.builds(
    Consent,
    categories=st.dictionaries(CATEGORY, st.booleans(), max_size=3),
    source=st.sampled_from(["event", "visitor", "pipeline"]),
    changed=st.lists(CATEGORY, max_size=2).map(tuple),
    withdrawn=st.sampled_from([(), (), ("marketing",)]),
)
EVENTS = st.builds(
    Event,
    message_id=st.uuids().map(str),
    type=st.sampled_from([*["track"] * 6, "page", "screen", "identify", "identify", "group", "alias", "consent"]),
    pipeline_id=st.just("pl"),
    key=st.just("k"),
    timestamp_ms=st.integers(-(2**60), 2**60) | st.integers(0, 2_000_000_000_000),
    received_ms=st.just(1_795_600_000_000),
    user_id=st.sampled_from([*["user-123"] * 9, "null", " Undefined ", "0", None]) | st.text(min_size=1),
    event=STANDARD | NATIVE | TEXT.filter(bool),
    consent=CONSENT,
    name=st.none() | TEXT,
    properties=PROPERTIES,
    traits=TRAITS,
    known_traits=TRAITS,
    anonymous_id=st.sampled_from(["a-1", "null", None]) | TEXT.filter(bool),
    links=st.sampled_from([None, "a-1", "0"]),
    group_id=st.sampled_from([None, "g-1"]),
    previous_id=st.sampled_from([None, "a-1", "null"]),
    historical=st.booleans(),
    context=st.just({}) | st.fixed_dictionaries({"page": VALUE}) | st.dictionaries(TEXT, VALUE, max_size=2),
)

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

IDENTIFIER_RULES = {
    "uuid": re.compile(r"(?s)(?=.*\S).+"),
    "email": re.compile(r"^.+@.+\..+$"),
    "phone_number": re.compile(r"^\+[1-9]\d{6,14}$"),
}
EVENT_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]*$")
KEY = re.compile(r"^[a-z][a-z0-9_]*$")
BLOCKED = {"undefined", "anonymous", "0", "1", "null", ""}


CHOICES = [one for one in INSIDER.settings if one.kind in ("select", "boolean")]
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        **{
            one.name: st.booleans() if one.kind == "boolean" else st.sampled_from([each.value for each in one.options])
            for one in CHOICES
        },
        "default_country": st.sampled_from(["GB", "TR", "JM"]),
        "default_currency": st.just("EUR"),
        "registered_names": st.sampled_from([[], ["page_view"], ["c_plan", "plan"]]),
    },
)
VARIANTS = st.sampled_from([one.key for one in INSIDER.variants])


def installed(config, variant="default"):
    checked = validate_config(INSIDER, variant, "server_side", {**CONFIG, **config})
    return compile_integration(INSIDER, checked, variant=variant)


def user_of(event, made=MADE, now_ms=0):
    """Why nothing is sent, or the user; what merges goes before her, and may go alone."""
    shaped = made.shape(event, now_ms)
    if isinstance(shaped, Ruling):
        return shaped, None
    *before, last = shaped
    for item in before if last.route != "identity" else shaped:
        assert made.assemble([item]).method == "PATCH"
    if last.route == "identity":
        return None, None
    (user,) = json.loads(made.assemble([last]).body)["users"]
    return None, user


@UNTIMED
@given(EVENTS)
def test_what_is_sent_has_no_null_and_identifiers_inside_their_rules_or_says_why_it_is_not_sent(event):
    ruling, user = user_of(event)
    if ruling:
        assert ruling.verdict in (Verdict.SKIPPED, Verdict.REJECTED)
        assert ruling.reason
        assert ruling.cause
    if user is None:
        return
    require_sendable(user)
    assert user["identifiers"]["uuid"] == event.user_id
    assert user["identifiers"]["uuid"].strip().lower() not in BLOCKED
    for name, value in user["identifiers"].items():
        assert IDENTIFIER_RULES[name].search(value), (name, value)
    assert user.get("attributes") or user.get("events")
    assert user["not_append"] is True


@UNTIMED
@given(EVENTS)
def test_the_sandbox_takes_whatever_is_sent_and_keeps_all_of_it(event):
    _, user = user_of(event)
    if user is None:
        return
    taken = read_user(user, 0, Reading(AccountRules(), datetime.fromtimestamp(0, UTC)))
    assert isinstance(taken, AcceptedUser), taken.errors
    assert [one for one in taken.ignored if "c_ prefix" not in one.reason] == []


@UNTIMED
@given(EVENTS)
def test_no_identifier_is_a_custom_attribute_and_keys_are_clean(event):
    _, user = user_of(event)
    custom = (user or {}).get("attributes", {}).get("custom", {})
    assert custom.keys().isdisjoint({"uuid", "user_id", "email", "phone", "phone_number"})
    params = [one.get("event_params", {}).get("custom", {}) for one in (user or {}).get("events", ())]
    for key in [key for found in (custom, *params) for key in found]:
        assert KEY.match(key), key


@UNTIMED
@given(EVENTS)
def test_events_have_a_name_and_a_time_and_purchases_what_insider_requires(event):
    _, user = user_of(event)
    for one in (user or {}).get("events", ()):
        assert EVENT_NAME.match(one["event_name"])
        assert one["timestamp"].endswith("Z")
        assert datetime.fromisoformat(one["timestamp"]).tzinfo
        params = one.get("event_params", {})
        if one["event_name"] in ("confirmation_page_view", "cart_page_view"):
            assert params["event_group_id"]
            assert params["unit_sale_price"] >= 0
            assert re.fullmatch(r"[A-Z]{3}", params["currency"])
            assert params["quantity"] >= 1
        for name in ("unit_price", "unit_sale_price"):
            assert params.get(name, 0) >= 0


@UNTIMED
@given(EVENTS)
def test_the_same_event_gives_the_same_bytes(event):
    assert MADE.shape(event, 0) == MADE.shape(event, 1)


@UNTIMED
@given(EVENTS, CONFIGS, VARIANTS)
def test_whatever_is_chosen_the_sandbox_takes_all_that_is_sent_or_a_reason_says_why_not(event, config, variant):
    ruling, user = user_of(event, installed(config, variant))
    if ruling:
        assert (ruling.reason != "", ruling.cause != "") == (True, True)
    if user is None:
        return
    require_sendable(user)
    names = {"custom.anonymous_id", "uuid", "email", "phone_number"}
    rules = AccountRules(identifier_types=tuple(names))
    taken = read_user(user, 0, Reading(rules, datetime.fromtimestamp(0, UTC)))
    assert isinstance(taken, AcceptedUser), taken.errors
    assert [one for one in taken.ignored if "c_ prefix" not in one.reason] == []
    assert {"append", "not_append"} & user.keys() == {"append" if user.get("append") else "not_append"}
    for name, value in user["identifiers"].items():
        values = list(value.values()) if name == "custom" else [value]
        assert all(isinstance(one, str) and one.strip().lower() not in BLOCKED for one in values)


@UNTIMED
@given(st.lists(EVENTS, min_size=1, max_size=30), st.integers(1, 1000), st.integers(1, 4), CONFIGS)
def test_no_request_holds_more_users_or_bytes_than_insider_takes(events, most, copies, config):
    made = installed({**config, "max_users_per_request": most})
    items = [item for event in events for item in shaped_items(made, event)] * copies
    for body in requests_of(made, items):
        assert len(json.loads(body).get("users", ["one who merges"])) <= min(most, 1_000)
        assert len(body) <= 5_000_000


def shaped_items(made, event):
    shaped = made.shape(event, 0)
    return () if isinstance(shaped, Ruling) else shaped


def requests_of(made, items):
    """As delivery fills them: an item goes along where the request takes it."""
    batches = []
    for item in items:
        if not batches or not batches[-1].takes(item, made.limits):
            batches.append(Batch(made, "r", 1, []))
        batches[-1].add(Unit(None, item))
    return [made.assemble([unit.item for unit in batch.units]).body for batch in batches]


def test_two_logins_that_only_merge_go_in_two_requests():
    made = installed({"anonymous_events": "as_uuid"})
    logins = [Event(f"m{n}", "identify", "pl", "k", 0, 0, user_id=f"u{n}", links=f"a{n}") for n in (1, 2)]
    bodies = requests_of(made, [item for login in logins for item in made.shape(login, 0)])
    assert [json.loads(body)["new_identifier"] for body in bodies] == [{"uuid": "u1"}, {"uuid": "u2"}]


def test_a_thousand_large_events_are_split_by_bytes():
    """Each holds 40 KB: a hundred of them would pass for users, and not for bytes."""
    large = Event("m", "track", "pl", "k", 0, 0, user_id="u", event="Large", properties={"text": "x" * 40_000})
    sizes = [len(body) for body in requests_of(MADE, MADE.shape(large, 0) * 1_000)]
    assert max(sizes) <= 5_000_000
    assert len(sizes) > 1


def test_partner_and_key_go_as_headers_and_the_key_is_not_shown():
    shaped = MADE.shape(Event("m", "page", "pl", "k", 0, 0, user_id="user-123"), 0)
    outgoing = MADE.assemble(shaped)
    assert (outgoing.method, outgoing.url) == ("POST", "https://unification.useinsider.com/api/user/v1/upsert")
    assert {name: str(value) for name, value in outgoing.headers.items()} == {
        "Content-Type": "application/json",
        "X-PARTNER-NAME": "myco",
        "X-REQUEST-TOKEN": "***",
    }
    assert outgoing.headers["X-REQUEST-TOKEN"].reveal() == "xxxxxxxxxxxxxxxxxxxx"


def test_a_track_event_called_like_a_type_is_no_such_type():
    _, user = user_of(Event("m", "track", "pl", "k", 0, 0, user_id="u", event="identify"))
    assert user["events"][0]["event_name"] == "identify"


def test_an_address_of_ones_own_gets_the_path_and_is_noted():
    config = validate_config(
        INSIDER, "default", "server_side", {**CONFIG, "base_url": "http://127.0.0.1:8090/insider/"}
    )
    made = compile_integration(INSIDER, config)
    assert made.credential_check.url == "http://127.0.0.1:8090/insider/api/user/v3/metadata/columns"
    assert made.notes == (
        "Requests go to http://127.0.0.1:8090/insider/, not to Insider (https://unification.useinsider.com).",
    )
    assert MADE.notes == ()
    assert made.credential != MADE.credential


@pytest.mark.parametrize("country", ["UK", "EN", "XX", "gb", "GBR"])
def test_a_country_whose_phone_numbers_nobody_could_read_is_refused(country):
    with pytest.raises(
        CallerError, match=r"config\.default_country must be a country as two capital letters .* e\.g\. GB"
    ):
        installed({"default_country": country})
