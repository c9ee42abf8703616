"""Each value that is sent is told by where it comes from."""

import msgspec

from datafly import catalog
from datafly.model.consent import Consent
from datafly.model.event import Event
from datafly.model.overrides import NO_OVERRIDES, Overrides
from datafly.model.verdict import Ruling
from datafly.spec.compile import explainer
from datafly.spec.config import complete_config, validate_config
from datafly.spec.faces.curl import example_config
from datafly.spec.overriding import require_overrides

NOW_MS = 1_795_600_000_000
INSIDER = catalog.get("insider")
CONFIG = validate_config(INSIDER, "default", "server_side", example_config(INSIDER))


def told(event, overrides=NO_OVERRIDES, config=CONFIG):
    (item,) = explainer(INSIDER, config, overrides=overrides)(event, NOW_MS)
    return {origin.path: origin for origin in item.origins}


def an_event(**fields):
    consent = Consent({"marketing": True}, "event")
    return Event("m1", "track", "pip", "u1", NOW_MS, NOW_MS, user_id="u1", consent=consent, **fields)


ORDER = {
    "order_id": "O1",
    "currency": "gbp",
    "Gift Wrap": True,
    "total": "30",
    "products": [{"product_id": "a", "price": 10, "quantity": 2, "grade": "x"}, {"sku": "b", "price": 5}],
}


def test_the_path_of_the_event_the_line_and_what_was_made_of_it_are_told():
    found = told(an_event(event="Order Completed", properties=ORDER))
    currency = found["events[0].event_params.currency"]
    assert (currency.source, currency.sent, currency.value, currency.steps) == (
        "properties.currency",
        "gbp",
        "GBP",
        ("as currency",),
    )
    assert found["events[1].event_params.product_id"].source == "products[1].sku"
    assert found["events[0].event_params.custom.grade"].source == "products[0].grade"
    assert found["events[0].event_params.custom.gift_wrap"].source == "properties.Gift Wrap"
    assert found["identifiers.uuid"].source == "user_id"


def test_defaults_constants_settings_and_consent_are_told_apart():
    found = told(an_event(event="Order Completed", properties=ORDER))
    assert (found["events[1].event_params.quantity"].kind, found["events[1].event_params.quantity"].source) == (
        "default",
        "1",
    )
    assert found["not_append"].kind == "constant"
    assert (found["attributes.custom.consent_marketing"].kind, found["attributes.custom.consent_marketing"].source) == (
        "consent",
        "marketing",
    )
    bare = {**ORDER, "currency": None}
    chosen = told(
        an_event(
            event="Order Completed", properties={name: value for name, value in bare.items() if value is not None}
        ),
        config={**CONFIG, "default_currency": "EUR"},
    )["events[0].event_params.currency"]
    assert (chosen.kind, chosen.source) == ("setting", "default_currency")


def test_what_an_override_put_there_names_its_entry():
    mappings = [
        {"target": "event_params.custom.band", "source": "properties.total", "value_map": {"30": "low"}},
        {"target": "event_params.currency", "value": "EUR"},
        {"target": "attributes.custom.shop", "source": "properties.shop", "default_value": "de"},
    ]
    said = msgspec.convert({"events": {"Order Completed": {"mappings": mappings}}}, Overrides)
    whole = complete_config(INSIDER, "default", CONFIG, {})
    found = told(an_event(event="Order Completed", properties=ORDER), require_overrides(INSIDER, said, whole))
    entry = "overrides.events.Order Completed.mappings"
    band = found["events[0].event_params.custom.band"]
    assert (band.source, band.sent, band.value, band.steps) == ("properties.total", "30", "low", ("by the value map",))
    assert [found[path].override for path in ("events[0].event_params.custom.band", "attributes.custom.shop")] == [
        f"{entry}[0]",
        f"{entry}[2]",
    ]
    assert found["attributes.custom.shop"].kind == "default"
    assert found["events[0].event_params.product_id"].override is None


def test_an_event_that_is_not_sent_is_told_by_its_ruling():
    found = explainer(INSIDER, CONFIG)(an_event(event="Order Completed"), NOW_MS)
    assert isinstance(found, Ruling)
