"""Events, and what Braze gets for them: page, tests and sandbox are drawn from these."""

from typing import Any

from datafly.integrations.braze.sample_products import ORDERS, PRODUCTS
from datafly.integrations.braze.sample_requests import VISITOR, attributes, sent, track
from datafly.integrations.braze.sample_users import PROFILES, SUBSCRIPTIONS
from datafly.spec.integration import Sample

_HOME = {"page": {"title": "Shop", "url": "https://shop.example/", "referrer": "https://www.example.org/"}}
_PAGE = {"title": "Shop", "url": "https://shop.example/", "referrer": "https://www.example.org/"}

_CART: dict[str, Any] = {
    "cart_id": "C-1",
    "action": "replace",
    "total_value": 20.5,
    "currency": "GBP",
    "source": "web",
    "products": [
        {"product_id": "SKU-1", "product_name": "Mug", "variant_id": "M-1", "quantity": 2, "price": 10.25},
    ],
    "metadata": {"voucher": "WELCOME"},
}

PAGES = (
    Sample(
        "a page view of a visitor",
        event={"type": "page", "anonymous_id": "anon-1", "context": _HOME},
        sends=sent("Page Viewed", _PAGE, VISITOR),
    ),
    Sample(
        "a page by its own name",
        event={"type": "page", "user_id": "user-123", "name": "Home", "context": _HOME},
        config={"pages": "own_name"},
        sends=sent("Home", {"name": "Home", **_PAGE}),
    ),
    Sample(
        "a screen of an app",
        event={"type": "screen", "user_id": "user-123", "name": "Basket"},
        sends=sent("Screen Viewed", {"name": "Basket"}),
    ),
    Sample(
        "a page view, where pages are not sent",
        event={"type": "page", "user_id": "user-123"},
        config={"pages": "skip"},
        refuses="pages_off",
    ),
)
OTHERS = (
    Sample(
        "an event of the shop's own",
        event=track("Quiz Finished", quizName="Taste", score=7, answers=["a", "b"]),
        sends=sent("Quiz Finished", {"quizName": "Taste", "score": 7, "answers": ["a", "b"]}),
    ),
    Sample(
        "an event that tells of the user, too",
        event={**track("Quiz Finished", score=7), "traits": {"plan": "silver", "email_optin": True}},
        sends=[
            sent("Quiz Finished", {"score": 7}),
            attributes(plan="silver", email_optin=True),
        ],
    ),
    Sample(
        "an event that tells of the user, where that is not sent",
        event={**track("Quiz Finished", score=7), "traits": {"plan": "gold"}},
        config={"traits_of_events": False},
        sends=sent("Quiz Finished", {"score": 7}),
    ),
    Sample(
        "an event without properties",
        event=track("Logged Out"),
        sends=sent("Logged Out"),
    ),
    Sample(
        "an event by Braze's own name",
        event=track("ecommerce.cart_updated", **_CART),
        sends=sent("ecommerce.cart_updated", _CART),
    ),
    Sample(
        "an event by Braze's own name that does not fit its schema",
        event=track("ecommerce.cart_updated", cart_id="C-1", action="replace"),
        refuses="recommended_event_schema",
    ),
    Sample(
        "names and texts that Braze does not take",
        event=track("Quiz Finished", time="now", notes="x" * 256, **{"$score": 7, "n" * 256: 1}, score=7),
        sends=sent("Quiz Finished", {"score": 7}),
        warns=("time is no name", "more than 255 characters", "$score is no name", "nnn is no name"),
    ),
    Sample("an event without a name", event={"type": "track", "user_id": "user-123"}, refuses="missing_event_name"),
    Sample("an event of nobody", event={"type": "track", "event": "Quiz Finished"}, refuses="no_identifier"),
    Sample(
        "a visitor, where visitors are not sent",
        event={"type": "track", "event": "Quiz Finished", "anonymous_id": "anon-1"},
        config={"anonymous_events": "skip"},
        refuses="no_identifier",
    ),
    Sample(
        "too much with one event",
        event=track("Quiz Finished", answers=["x" * 250] * 400),
        refuses="event_too_large",
    ),
)
SAMPLES = (*PAGES, *PRODUCTS, *ORDERS, *PROFILES, *SUBSCRIPTIONS, *OTHERS)
