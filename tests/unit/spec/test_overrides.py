"""An operator's changes of a mapping: what they do, what they must not touch, and how they are refused."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.model.consent import Consent
from datafly.model.errors import Invalid
from datafly.model.event import Event
from datafly.model.overrides import NO_OVERRIDES, FieldMapping, GlobalOverride, Overrides
from datafly.model.verdict import Ruling, Verdict
from datafly.shape import shape_event
from datafly.spec.compile import compile_integration
from datafly.spec.config import complete_config, validate_config
from datafly.spec.convert import CONVERTERS
from datafly.spec.faces.curl import example_config
from datafly.spec.overriding import overridden, require_overrides

NOW_MS = 1_795_600_000_000
INSIDER = catalog.get("insider")
CONFIG = validate_config(INSIDER, "default", "server_side", example_config(INSIDER))
WHOLE = complete_config(INSIDER, "default", CONFIG, {})
ORDER = {
    "order_id": "O1",
    "currency": "GBP",
    "total": 30.0,
    "margin": 4,
    "products": [{"product_id": "a", "price": 10, "quantity": 2, "grade": "x"}, {"product_id": "b", "price": 5}],
}


def kept(**said):
    return require_overrides(INSIDER, msgspec.convert(said, Overrides), WHOLE)


def problems_of(**said):
    with pytest.raises(Invalid) as refused:
        kept(**said)
    return {entry.removeprefix("overrides."): words for entry, words in refused.value.details["problems"].items()}


def an_event(kind="track", **fields):
    consent = fields.pop("consent", Consent({"marketing": True}, "event"))
    times = {"timestamp_ms": NOW_MS, "received_ms": NOW_MS}
    fields.setdefault("user_id", "u1")
    return Event("m1", kind, "pip", "u1", **times, consent=consent, **fields)


def order(**more):
    return an_event(event="Order Completed", properties={**ORDER, **more})


def shaped(event, overrides=NO_OVERRIDES, integration=INSIDER):
    return shape_event(compile_integration(integration, CONFIG, overrides=overrides), event, NOW_MS)


def sent(event, **said):
    items = shaped(event, kept(**said))
    assert not isinstance(items, Ruling), items
    return msgspec.json.decode(items[-1].body)


def mapped(target, **how):
    return {"target": target, **how}


def params(body, index=0):
    return body["events"][index]["event_params"]


def test_without_overrides_the_definition_itself_is_compiled():
    assert overridden(INSIDER, NO_OVERRIDES, WHOLE).integration is INSIDER
    assert not msgspec.convert({"events": {}, "global": {}}, Overrides)


def test_overrides_that_say_nothing_change_nothing():
    same = {"events": {"Order Completed": {}, "page": {}, "identify": {"mappings": []}}}
    for event in (order(), an_event("page", name="Home"), an_event("identify", traits={"email": "a@b.co"})):
        assert shaped(event, kept(**same)) == shaped(event)


def test_an_event_gets_another_name_under_any_spelling_of_its_own():
    assert sent(order(), events={"order_completed": {"vendor_event_name": "Big Purchase"}})["events"][0][
        "event_name"
    ] == ("big_purchase")


def test_an_event_under_the_vendors_own_name_is_still_taken_for_the_one_that_was_renamed():
    native = an_event(event="product_detail_page_view", properties={"product_id": "a"})
    renamed = {"events": {"Product Viewed": {"vendor_event_name": "seen"}}}
    assert sent(native, **renamed)["events"][0]["event_name"] == "seen"


def test_a_name_that_the_vendor_makes_itself_is_refused_with_the_reason():
    said = problems_of(events={"Order Completed": {"vendor_event_name": "session_start"}})
    assert "Insider makes events of this name itself" in said["events.Order Completed.vendor_event_name"]


def test_pages_that_a_setting_keeps_back_stay_back_under_another_name():
    config = {**CONFIG, "page_mode": "off"}
    changed = kept(events={"page": {"vendor_event_name": "seen_page"}})
    found = shape_event(compile_integration(INSIDER, config, overrides=changed), an_event("page"), NOW_MS)
    assert found.reason == "page_mode_off"


def test_a_disabled_event_is_skipped_and_says_so():
    found = shaped(an_event("page", user_id=None), kept(events={"page": {"enabled": False}}))
    assert (found.verdict, found.reason) == (Verdict.SKIPPED, "event_disabled")


def test_an_event_without_a_rule_is_added_as_another_one_is():
    said = {"events": {"Order Updated": {"like": "Order Completed", "vendor_event_name": "order_updated"}}}
    body = sent(an_event(event="Order Updated", properties=ORDER), **said)
    assert [one["event_name"] for one in body["events"]] == ["order_updated", "order_updated"]
    assert params(body)["event_group_id"] == "O1"


def test_an_added_event_does_not_take_the_vendors_name_from_the_one_it_is_like():
    said = kept(events={"Order Updated": {"like": "Order Completed", "enabled": False}})
    assert not isinstance(shaped(an_event(event="confirmation_page_view", properties=ORDER), said), Ruling)


def test_properties_traits_constants_and_lines_become_parameters_and_attributes():
    body = sent(
        order(),
        events={
            "Order Completed": {
                "mappings": [
                    mapped("event_params.custom.band", source="properties.margin", value_map={"4": "low", "*": "high"}),
                    mapped("event_params.custom.grade", source="line.grade", transform="upper", default_value="NONE"),
                    mapped("event_params.currency", value="eur"),
                    mapped("event_params.custom.order_total", omit=True),
                    mapped("attributes.custom.last_order", source="properties.order_id"),
                    mapped("attributes.city", source="traits.town"),
                ]
            }
        },
    )
    assert [params(body, line)["custom"] for line in (0, 1)] == [
        {"band": "low", "grade": "X"},
        {"band": "low", "grade": "NONE"},
    ]
    assert {params(body, line)["currency"] for line in (0, 1)} == {"EUR"}
    assert body["attributes"] == {"custom": {"consent_marketing": True, "last_order": "O1"}}


def test_what_an_override_replaces_does_not_come_back_as_a_custom_parameter():
    body = sent(order(), events={"Order Completed": {"mappings": [mapped("event_params.currency", value="EUR")]}})
    assert "currency" not in params(body)["custom"]


def test_a_sum_that_goes_with_the_first_line_stays_there():
    said = {"mappings": [mapped("event_params.shipping_cost", source="properties.margin")]}
    body = sent(order(), events={"Order Completed": said})
    assert [params(body, line).get("shipping_cost") for line in (0, 1)] == ["4", None]


def test_a_mapping_for_every_event_counts_wherever_its_place_is():
    said = {"global": {"mappings": [mapped("attributes.custom.shop", value="de")]}}
    for event in (order(), an_event("page"), an_event("identify", traits={"email": "a@b.co"})):
        assert sent(event, **said)["attributes"]["custom"]["shop"] == "de"


def test_what_an_event_says_itself_counts_before_what_is_said_for_every_event():
    both = {
        "global": {"mappings": [mapped("attributes.custom.shop", value="de")]},
        "events": {"page": {"mappings": [mapped("attributes.custom.shop", value="at")]}},
    }
    assert sent(an_event("page"), **both)["attributes"]["custom"]["shop"] == "at"
    assert sent(order(), **both)["attributes"]["custom"]["shop"] == "de"


@pytest.mark.parametrize(
    ("total", "reason"), [(30.0, None), (10.0, "condition_not_met"), ("30", "condition_unanswered")]
)
def test_an_event_is_sent_only_if_its_condition_holds(total, reason):
    found = shaped(order(total=total), kept(events={"Order Completed": {"condition": "properties.total > 10.0"}}))
    assert (found.reason if isinstance(found, Ruling) else None) == reason


def test_a_condition_about_what_the_event_does_not_have_says_what_it_lacks():
    found = shaped(order(), kept(events={"Order Completed": {"condition": "properties.vip == true"}}))
    assert found.reason == "condition_unanswered"
    assert "the event has no vip" in found.cause


def test_a_field_is_sent_only_if_its_condition_holds():
    said = {"mappings": [mapped("event_params.custom.vip", value=True, condition="properties.total > 100.0")]}
    assert "vip" not in params(sent(order(), events={"Order Completed": said}))["custom"]
    assert params(sent(order(total=200.0), events={"Order Completed": said}))["custom"]["vip"] is True


def test_a_condition_ends_however_long_the_lists_of_an_event_are():
    long = "properties.many.all(a, properties.many.all(b, properties.many.all(c, a + b + c >= 0)))"
    said = kept(events={"Order Completed": {"condition": long}})
    found = shaped(order(many=list(range(500))), said)
    assert found.reason == "condition_unanswered"
    assert "too long" in found.cause


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ("properties.total >", "line 1, column 19"),
        ("properties.total > 1\n&& nobody", "line 2, column 4"),
        ('event.matches("(a")', "line 1, column 15"),
        ("properties.total", "neither true nor false"),
        ("(" * 200 + "true" + ")" * 200, "nested too deeply"),
        (" ", "empty"),
    ],
)
def test_what_is_no_condition_is_refused_when_it_is_saved_and_says_where(condition, place):
    said = problems_of(events={"page": {"condition": condition}})
    assert place in said["events.page.condition"]


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("properties.total >", "ends where a value should follow"),
        ("properties.total > > 1", "has “>” where a value should stand"),
        ("(properties.total > 1", "ends before its “)”"),
        ("true ? true false", "has no “:” before “false”"),
        ("properties.total > 1 AND true", "where it should end, or go on with && or ||; write &&"),
        ("properties.total = 1", "has “=”, which is no part of the language; write =="),
        ("properties..total == 1", "has “..”, which is no part of the language"),
        ('name == "x', 'a text whose quotation mark is not closed: "x'),
        ("total > 1", "reads total, which is not there; there is properties, traits,"),
        ('1 == "a"', "uses == on int, string"),
    ],
)
def test_what_is_wrong_with_a_condition_is_told_in_words_and_not_by_the_grammar_of_its_parser(condition, says):
    said = problems_of(events={"page": {"condition": condition}})["events.page.condition"]
    assert says in said
    assert "expecting" not in said


def test_identity_and_consent_are_not_to_be_changed():
    targets = ("identifiers.uuid", "attributes.email", "attributes.gdpr_optin", "attributes.custom.consent_marketing")
    mappings = [mapped(target, value="x") for target in targets]
    said = problems_of(events={"page": {"mappings": mappings}, "consent": {"enabled": False}})
    assert {f"events.page.mappings[{number}].target" for number in range(4)} | {"events.consent"} == said.keys()


def test_who_denies_consent_is_not_sent_whatever_is_overridden():
    denied = an_event("page", consent=Consent({"marketing": False}, "event"))
    changed = kept(events={"page": {"vendor_event_name": "seen", "condition": "true"}})
    assert shaped(denied, changed).reason == "consent_marketing"


def test_a_withdrawal_is_told_although_its_event_is_switched_off():
    away = Consent({"marketing": False}, "event", changed=("marketing",), withdrawn=("marketing",))
    found = shaped(an_event("page", consent=away), kept(events={"page": {"enabled": False}}))
    assert not isinstance(found, Ruling)


def test_what_the_vendor_needs_cannot_be_left_out_and_is_still_missed():
    said = problems_of(events={"Order Completed": {"mappings": [mapped("event_params.unit_sale_price", omit=True)]}})
    assert "Insider needs it" in said["events.Order Completed.mappings[0].omit"]
    from_nowhere = {"mappings": [mapped("event_params.unit_sale_price", source="line.nothing")]}
    assert shaped(order(), kept(events={"Order Completed": from_nowhere})).reason == "missing_price"


@pytest.mark.parametrize(
    ("mapping", "field", "words"),
    [
        (mapped("event_params.nothing", value=1), "target", "there is product_id"),
        (mapped("elsewhere.x", value=1), "target", "there is event_params."),
        (mapped("event_params.custom.c_x", value=1), "target", "does not begin with c_"),
        (mapped("event_params.currency", value="euro"), "value", "is not a currency code"),
        (mapped("event_params.name", source="foo.bar"), "source", "begins with none of"),
        (mapped("event_params.name", source="properties"), "source", "properties.name"),
        (mapped("event_params.name", source="userId", transform="rot13"), "transform", "none of text"),
        (mapped("event_params.name", value="x", transform="upper"), "transform", "goes with a source"),
        (mapped("event_params.name"), "source", "exactly one"),
        (mapped("event_params.name", value="x", omit=True), "source", "exactly one"),
    ],
)
def test_what_is_wrong_is_told_by_entry_with_what_it_may_be(mapping, field, words):
    said = problems_of(events={"Order Completed": {"mappings": [mapping]}})
    assert words in said[f"events.Order Completed.mappings[0].{field}"]


def test_a_place_that_an_event_has_not_is_refused_with_those_that_it_has():
    said = problems_of(events={"identify": {"mappings": [mapped("event_params.custom.x", value=1)]}})
    assert "it has attributes, attributes.custom" in said["events.identify.mappings[0].target"]


def test_one_event_and_one_target_are_changed_once():
    twice = problems_of(events={"page": {"mappings": [mapped("attributes.city", value=v) for v in ("A", "B")]}})
    assert "mapped already" in twice["events.page.mappings[1].target"]
    assert (
        "is there already"
        in problems_of(events={"order_completed": {}, "Order Completed": {}})["events.Order Completed"]
    )


def without_place(path):
    overridable = INSIDER.overridable
    places = tuple(place for place in overridable.places if place.path != path)
    return msgspec.structs.replace(INSIDER, overridable=msgspec.structs.replace(overridable, places=places))


def test_after_a_new_definition_what_still_fits_holds_and_what_does_not_is_told():
    both = [mapped("event_params.custom.shop", value="de"), mapped("attributes.city", value="Bonn")]
    changed, newer = kept(events={"page": {"mappings": both}}), without_place("attributes")
    compiled = compile_integration(newer, CONFIG, overrides=changed)
    assert params(msgspec.json.decode(compiled.shape(an_event("page"), NOW_MS)[0].body))["custom"]["shop"] == "de"
    assert any("overrides.events.page.mappings[1].target" in note for note in compiled.notes)


def test_an_added_event_whose_model_is_gone_stays_switched_off():
    changed = kept(events={"Order Updated": {"like": "Order Refunded", "enabled": False}})
    newer = msgspec.structs.replace(
        INSIDER, rules=tuple(rule for rule in INSIDER.rules if rule.event != "Order Refunded")
    )
    updated = an_event(event="Order Updated", properties=ORDER)
    assert shaped(updated, changed, newer).reason == "event_disabled"


def test_a_condition_that_cannot_be_read_any_more_stops_everything():
    broken = msgspec.convert({"events": {"page": {"condition": "nobody"}}}, Overrides)
    with pytest.raises(Invalid, match="nobody"):
        compile_integration(INSIDER, CONFIG, overrides=broken)


def test_a_mapping_that_is_not_to_be_changed_says_so():
    closed = msgspec.structs.replace(INSIDER, overridable=None)
    with pytest.raises(Invalid, match="not to be changed"):
        require_overrides(closed, msgspec.convert({"events": {"page": {}}}, Overrides), WHOLE)


_TARGETS = [
    f"{place.path}.{name}"
    for place in INSIDER.overridable.places
    for name in (*place.fields, *(["own"] * (not place.fields)))
]
_SOURCES = st.sampled_from(
    [
        "properties.a",
        "properties.deep.b",
        "line.price",
        "traits.email",
        "context.page.url",
        "userId",
        "timestamp",
        "name",
    ]
)
_SCALARS = st.one_of(st.text(min_size=1, max_size=8), st.integers(-9, 9), st.booleans(), st.just("EUR"))
_CONDITIONS = st.sampled_from(
    [None, "true", "properties.a == 1", "event_type != 'x'", "has(properties.deep) && properties.deep.b > 2"]
)
_MAPPINGS = st.builds(
    FieldMapping,
    target=st.sampled_from(_TARGETS),
    source=_SOURCES,
    transform=st.one_of(st.none(), st.sampled_from(sorted(CONVERTERS))),
    value_map=st.dictionaries(st.sampled_from(["1", "true", "x", "*"]), st.just("EUR"), max_size=2),
    condition=_CONDITIONS,
) | st.builds(FieldMapping, target=st.sampled_from(_TARGETS), value=_SCALARS, condition=_CONDITIONS)
_EVENTS = st.sampled_from([rule.event for rule in INSIDER.rules] + ["Own Event", "Order Updated"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "price"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def some_overrides(draw):
    def mappings():
        chosen = draw(st.lists(_MAPPINGS, max_size=4, unique_by=lambda one: one.target))
        return [msgspec.to_builtins(one) for one in chosen]

    events = {}
    for event in draw(st.lists(_EVENTS, max_size=3, unique=True)):
        events[event] = {
            "enabled": draw(st.booleans()),
            "condition": draw(_CONDITIONS),
            "vendor_event_name": draw(st.sampled_from([None, "renamed", "Ärger 1"])),
            "mappings": mappings(),
        }
    everywhere = GlobalOverride(condition=draw(_CONDITIONS))
    return msgspec.convert(
        {"events": events, "global": {**msgspec.to_builtins(everywhere), "mappings": mappings()}}, Overrides
    )


@st.composite
def some_event(draw):
    kind = draw(st.sampled_from(["track", "page", "identify", "group", "alias", "screen", "consent"]))
    name = draw(_EVENTS) if kind == "track" else None
    properties = draw(
        st.dictionaries(st.sampled_from(["a", "deep", "products", "currency", "order_id", "price"]), _VALUES)
    )
    traits = draw(st.dictionaries(st.sampled_from(["email", "phone", "a"]), _VALUES, max_size=3))
    return an_event(kind, event=name, properties=properties, traits=traits)


@settings(deadline=None, max_examples=60)
@given(overrides=some_overrides(), events=st.lists(some_event(), min_size=1, max_size=4))
def test_whatever_overrides_are_kept_compile_and_never_raise(overrides, events):
    """What has a problem is refused; what is refused has no effect, and everything else still compiles and shapes."""
    compiled = compile_integration(INSIDER, CONFIG, overrides=overrides)
    for event in events:
        found = shape_event(compiled, event, NOW_MS)
        if isinstance(found, Ruling):
            assert found.verdict in (Verdict.SKIPPED, Verdict.REJECTED)
        else:
            assert all(msgspec.json.decode(item.body) for item in found)


@settings(deadline=None, max_examples=60)
@given(overrides=some_overrides(), event=some_event())
def test_overrides_never_change_who_the_user_is(overrides, event):
    plain, changed = shaped(event), shaped(event, overrides)
    if isinstance(plain, Ruling) or isinstance(changed, Ruling):
        return
    first, second = (msgspec.json.decode(items[-1].body) for items in (plain, changed))
    assert first.get("identifiers") == second.get("identifiers")
