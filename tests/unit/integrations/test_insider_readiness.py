"""What Signal knows of Insider's default events agrees with what it sends and with what it warns of."""

import pytest

from datafly import catalog
from datafly.integrations.insider.taxonomy import STANDARD_EVENTS
from datafly.model.consent import Consent
from datafly.model.event import Event
from datafly.spec.integration import WITHDRAWN
from datafly.testing.integration_suite import compiled

INSIDER = catalog.get("insider")
STANDARD = INSIDER.readiness.standard_names()
PRODUCT = {
    "product_id": "p1",
    "name": "Mug",
    "category": "Home",
    "currency": "GBP",
    "list_price": 12,
    "price": 10,
    "quantity": 1,
    "url": "https://shop.example/mug",
    "image_url": "https://shop.example/mug.png",
    "color": "red",
    "size": "L",
    "referrer": "https://elsewhere.example/",
}
ORDER = {
    "cart_id": "c1",
    "order_id": "o1",
    "checkout_id": "k1",
    "shipping": 3,
    "promotion_name": "May",
    "promotion_discount": 1,
    "voucher_name": "V",
    "voucher_discount": 2,
    "currency": "GBP",
}
PAGES = {"home": "homepage_view", "category": "listing_page_view", "about us": "other_page_view"}


def arrived(event_type, name, properties):
    """(vendor's event, its parameters) of an event that carries everything there is."""
    made = compiled(INSIDER, page_mode="auto", wishlist_events="standard")
    event = Event(
        message_id="m1",
        type=event_type,
        pipeline_id="pip",
        key="u1",
        user_id="u1",
        timestamp_ms=1,
        received_ms=1,
        consent=Consent({"marketing": True}, "event"),
        event=name if event_type == "track" else None,
        name=name if event_type == "page" else None,
        properties=properties,
    )
    shaped = made.shape(event, 1)
    assert isinstance(shaped, tuple), shaped
    return list(made.seen(item.body for item in shaped if item.route == ""))


def everything():
    tracks = [rule.event for rule in INSIDER.rules if not rule.is_type and rule.event not in {"*", WITHDRAWN}]
    for name in (*tracks, "lead_collected"):
        yield from arrived("track", name, PRODUCT | ORDER)
        yield from arrived("track", name, ORDER | PRODUCT | {"products": [PRODUCT]})
    for name in PAGES:
        yield from arrived("page", name, {"url": "https://shop.example/", "referrer": "x", "category": "Home"})


def test_readiness_and_warnings_know_the_same_names():
    assert set(STANDARD) == set(STANDARD_EVENTS)


@pytest.fixture(scope="module")
def sent():
    found = {}
    for name, params in everything():
        if name in STANDARD:
            found.setdefault(STANDARD[name].name, set()).update(params)
    return found


@pytest.mark.parametrize("event", INSIDER.readiness.events, ids=lambda event: event.name)
def test_what_readiness_asks_for_can_arrive(sent, event):
    """Else it would be missing for ever, whatever a shop sends."""
    assert event.name in sent
    assert set(event.params) - sent[event.name] == set()
