"""Events, and what Braze gets for them: page, tests and sandbox are drawn from these."""

from datafly.integrations.braze.sample_products import ORDERS, PRODUCTS
from datafly.integrations.braze.sample_requests import VISITOR, sent, track
from datafly.integrations.braze.sample_users import PROFILES, SUBSCRIPTIONS
from datafly.spec.integration import Sample

_HOME = {"page": {"title": "Shop", "url": "https://shop.example/", "referrer": "https://www.example.org/"}}
_PAGE = {"title": "Shop", "url": "https://shop.example/", "referrer": "https://www.example.org/"}

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
        "an event without properties",
        event=track("Logged Out"),
        sends=sent("Logged Out"),
    ),
    Sample(
        "an event by Braze's own name",
        event=track("ecommerce.cart_updated", cart_id="C-1", action="replace"),
        sends=sent("ecommerce.cart_updated", {"cart_id": "C-1", "action": "replace"}),
        unmapped=True,
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
