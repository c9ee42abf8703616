"""Events and what a receiver gets for them; each is a test case, and an example of the page."""

from typing import Any

from datafly.spec.integration import Sample
from datafly.spec.template import MOST_MADE

_AT = "2026-11-25T09:46:40Z"
_ID = "0190c1f2-0000-7000-8000-000000000001"
_JANE: dict[str, Any] = {"user_id": "user-123", "anonymous_id": "anon-1"}
_TOLD: dict[str, Any] = {"userId": "user-123", "anonymousId": "anon-1", "messageId": _ID, "timestamp": _AT}
_ORDER: dict[str, Any] = {
    "order_id": "ORD-9",
    "total": 30.5,
    "currency": "GBP",
    "products": [{"product_id": "SKU-1", "quantity": 2, "tags": ["a", "b"]}, {"product_id": "SKU-2"}],
}
_GRANTED = {"categories": {"marketing": True, "analytics": False}, "source": "event"}
_WITHDRAWN = {
    "categories": {"marketing": False},
    "source": "event",
    "changed": ["marketing"],
    "withdrawn": ["marketing"],
}
_TEMPLATE = """{
  "text": "{{ event }} by {{ traits.first_name ?? user_id ?? 'somebody' }}",
  "total": "{{ properties.total }}",
  "mail": "{{ traits.email | lower }}",
  "lines": {"$each": "properties.products", "$as": {"sku": "{{ item.product_id }}", "count": "{{ item.quantity }}"}},
  "source": "shop"
}"""


def track(name: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, **_JANE, "properties": properties}


SAMPLES = (
    Sample(
        "an order",
        event={**track("Order Completed", **_ORDER), "context": {"page": {"url": "https://shop.example/done"}}},
        sends={
            "type": "track",
            "event": "Order Completed",
            "properties": _ORDER,
            **_TOLD,
            "context": {"page": {"url": "https://shop.example/done"}},
        },
    ),
    Sample(
        "an order in an envelope",
        event=track("Order Completed", order_id="ORD-9"),
        config={"payload": "envelope"},
        sends={
            "type": "track.order_completed",
            "timestamp": _AT,
            "data": {"type": "track", "event": "Order Completed", "properties": {"order_id": "ORD-9"}, **_TOLD},
        },
    ),
    Sample(
        "an order by a template",
        event={**track("Order Completed", **_ORDER), "known_traits": {"email": "Jane@Example.com"}},
        config={"payload": "template", "body_template": _TEMPLATE},
        sends={
            "text": "Order Completed by user-123",
            "total": 30.5,
            "mail": "jane@example.com",
            "lines": [{"sku": "SKU-1", "count": 2}, {"sku": "SKU-2"}],
            "source": "shop",
        },
    ),
    Sample(
        "an order where several events share a request",
        event=track("Order Completed", order_id="ORD-9"),
        config={"batching": "on"},
        sends={
            "events": [{"type": "track", "event": "Order Completed", "properties": {"order_id": "ORD-9"}, **_TOLD}],
        },
    ),
    Sample(
        "an event of one's own, with what the visitor chose",
        event={**track("Quiz Finished!", score=7), "consent": _GRANTED},
        sends={
            "type": "track",
            "event": "Quiz Finished!",
            "properties": {"score": 7},
            **_TOLD,
            "consent": {"marketing": True, "analytics": False},
        },
    ),
    Sample(
        "a page of a visitor",
        event={"type": "page", "name": "Home", "anonymous_id": "anon-1", "properties": {"title": "Home"}},
        sends={
            "type": "page",
            "name": "Home",
            "properties": {"title": "Home"},
            "anonymousId": "anon-1",
            "messageId": _ID,
            "timestamp": _AT,
        },
    ),
    Sample(
        "a screen of an app, of last year",
        event={"type": "screen", "name": "Cart", "user_id": "user-123", "historical": True},
        sends={
            "type": "screen",
            "name": "Cart",
            "userId": "user-123",
            "messageId": _ID,
            "timestamp": _AT,
            "historical": True,
        },
    ),
    Sample(
        "a login",
        event={"type": "identify", **_JANE, "traits": {"plan": "gold"}, "known_traits": {"email": "jane@example.com"}},
        sends={"type": "identify", "traits": {"email": "jane@example.com", "plan": "gold"}, **_TOLD},
    ),
    Sample(
        "a company",
        event={"type": "group", "user_id": "user-123", "group_id": "acme", "traits": {"name": "Acme"}},
        sends={
            "type": "group",
            "groupId": "acme",
            "traits": {"name": "Acme"},
            "userId": "user-123",
            "messageId": _ID,
            "timestamp": _AT,
        },
    ),
    Sample(
        "a user who is called otherwise now",
        event={"type": "alias", "user_id": "user-123", "previous_id": "user-1"},
        sends={
            "type": "alias",
            "previousId": "user-1",
            "userId": "user-123",
            "messageId": _ID,
            "timestamp": _AT,
        },
    ),
    Sample(
        "a choice of a visitor",
        event={"type": "consent", **_JANE, "consent": _GRANTED},
        sends={"type": "consent", **_TOLD, "consent": {"marketing": True, "analytics": False}},
    ),
    Sample(
        "a consent that is withdrawn with an order: that alone is told",
        event={**track("Order Completed", **_ORDER), "consent": _WITHDRAWN},
        config={"payload": "envelope"},
        sends={
            "type": "consent",
            "timestamp": _AT,
            "data": {"type": "consent", **_TOLD, "consent": {"marketing": False}},
        },
        warns=("The event itself is not sent",),
    ),
    Sample(
        "an order of which the template finds nothing",
        event=track("Order Completed"),
        config={
            "payload": "template",
            "body_template": '{"lines": {"$each": "properties.products", "$as": "{{ item }}"}}',
        },
        refuses="template_empty",
    ),
    Sample(
        "an event that a template would make too large",
        event=track("Order Completed", note="x" * (MOST_MADE + 1)),
        config={"payload": "template", "body_template": '{"note": "{{ properties.note }}"}'},
        refuses="template_too_large",
    ),
)
