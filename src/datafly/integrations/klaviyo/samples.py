"""Events and what Klaviyo gets for them; each is a test case, and an example of the page."""

from datafly.integrations.klaviyo.sample_products import ORDERS, PRODUCTS
from datafly.integrations.klaviyo.sample_requests import sent, track
from datafly.integrations.klaviyo.sample_users import PROFILES, SUBSCRIPTIONS
from datafly.spec.integration import Sample

_YEARS_MS = 40 * 365 * 86_400_000
_NOW_MS = 1_795_600_000_000
_PAGE = {"url": "https://shop.example/", "title": "Shop", "referrer": "https://search.example/"}

PAGES = (
    Sample(
        "a page is viewed",
        event={
            "type": "page",
            "name": "Home",
            "anonymous_id": "anon-1",
            "properties": {"section": "start"},
            "context": {"page": _PAGE},
        },
        sends=sent("Viewed Page", {"section": "start", "name": "Home", **_PAGE}, {"anonymous_id": "anon-1"}),
    ),
    Sample(
        "a page is viewed, under Klaviyo's name",
        event={"type": "page", "user_id": "user-123", "properties": {"url": "https://shop.example/"}},
        config={"pages": "active_on_site"},
        sends=sent("Active on Site", {"url": "https://shop.example/"}),
    ),
    Sample(
        "a screen is viewed",
        event={"type": "screen", "name": "Start", "user_id": "user-123"},
        sends=sent("Viewed Screen", {"name": "Start"}),
    ),
    Sample(
        "a page, where pages are not sent",
        event={"type": "page", "user_id": "user-123"},
        config={"pages": "skip"},
        refuses="pages_off",
    ),
)
OTHERS = (
    Sample(
        "an event of one's own",
        event=track("Quiz Finished", score=7, Answers=["a", 1], by={"page": "quiz"}, value="3.5", currency="eur"),
        sends=sent(
            "Quiz Finished",
            {"score": 7, "Answers": ["a", 1], "by": {"page": "quiz"}, "value": "3.5", "currency": "eur"},
            value=3.5,
            value_currency="EUR",
        ),
    ),
    Sample(
        "an event without properties",
        event=track("Quiz Started"),
        sends=sent("Quiz Started", {}),
    ),
    Sample(
        "an order under Klaviyo's own names",
        event=track("Placed Order", OrderId="ORD-9", Items=[{"ProductID": "SKU-1"}]),
        sends=sent("Placed Order", {"OrderId": "ORD-9", "Items": [{"ProductID": "SKU-1"}]}),
    ),
    Sample(
        "a search",
        event=track("Products Searched", query="mug"),
        sends=sent("Products Searched", {"query": "mug"}),
    ),
    Sample("nobody is known", event={"type": "track", "event": "Quiz Finished"}, refuses="no_identifier"),
    Sample(
        "a visitor, where visitors are not sent",
        event={"type": "track", "event": "Quiz Finished", "anonymous_id": "anon-1"},
        config={"anonymous_events": "skip"},
        refuses="no_identifier",
    ),
    Sample("an event without a name", event=track(" "), refuses="missing_event_name"),
    Sample("an event with a long name", event=track("x" * 128), refuses="event_name_too_long"),
    Sample(
        "an event of forty years ago",
        event={**track("Quiz Finished"), "timestamp_ms": _NOW_MS - _YEARS_MS},
        refuses="time_out_of_range",
    ),
)
SAMPLES = (*PAGES, *PRODUCTS, *ORDERS, *PROFILES, *SUBSCRIPTIONS, *OTHERS)
