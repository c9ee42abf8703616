"""Events and what Movable Ink gets for them; each is a test case, and an example of the page."""

from typing import Any

from datafly.spec.integration import Sample

_MOMENT = 1_795_600_000_000
_ID = "0190c1f2-0000-7000-8000-000000000001"
_SEGMENT = {"payload": "segment"}
_OWN = {"own_events": "send"}


def track(name: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "user_id": "user-123", "properties": properties}


def native(event: str, /, **properties: Any) -> dict[str, Any]:
    told = {"properties": properties} if properties else {}
    return {
        "type": "track",
        "user_id": "user-123",
        "timestamp": _MOMENT,
        "message_id": _ID,
        "event": event,
        **told,
    }


MUG = {"product_id": "SKU-1", "name": "Mug", "category": "Kitchen", "price": 10.5, "currency": "gbp", "brand": "Acme"}
MUG_THERE = {
    "id": "SKU-1",
    "title": "Mug",
    "price": 10.5,
    "currency": "GBP",
    "url": "https://shop.example/mug",
    "categories": [{"id": "Kitchen", "title": "Kitchen"}],
    "meta": {"brand": "Acme"},
}
PAGE = {"page": {"url": "https://shop.example/mug"}, "timezone": "Europe/London"}

SAMPLES = (
    Sample(
        "a product is viewed",
        event={**track("Product Viewed", **MUG), "anonymous_id": "anon-1", "context": PAGE},
        sends={
            **native("product_viewed", **MUG_THERE),
            "anonymous_id": "anon-1",
            "timezone": "Europe/London",
        },
    ),
    Sample(
        "a product is put in the cart by a visitor",
        event={
            "type": "track",
            "event": "Product Added",
            "anonymous_id": "anon-1",
            "properties": {"sku": "SKU-1", "tags": ["a", "b"]},
        },
        sends={
            "type": "track",
            "anonymous_id": "anon-1",
            "timestamp": _MOMENT,
            "message_id": _ID,
            "event": "product_added",
            "properties": {"id": "SKU-1"},
        },
        warns=("tags is a list",),
    ),
    Sample(
        "a product is taken out of the cart",
        event=track("Product Removed", product_id="SKU-1"),
        sends=native("product_removed", id="SKU-1"),
    ),
    Sample(
        "a list is viewed",
        event=track("Product List Viewed", category="Kitchen", products=[{"product_id": "SKU-1"}]),
        sends=native("category_viewed", id="Kitchen", title="Kitchen"),
    ),
    Sample("a search", event=track("Products Searched", query="mug"), sends=native("product_searched", query="mug")),
    Sample(
        "an order of two products",
        event=track(
            "Order Completed",
            order_id="ORD-9",
            total=30.5,
            currency="gbp",
            products=[
                {"product_id": "SKU-1", "name": "Mug", "price": 10.25, "quantity": 2, "brand": "Acme"},
                {"sku": "SKU-2", "price": 10},
            ],
        ),
        sends=native(
            "order_completed",
            id="ORD-9",
            revenue=30.5,
            currency="GBP",
            products=[
                {"id": "SKU-1", "title": "Mug", "price": 10.25, "quantity": 2, "meta": {"brand": "Acme"}},
                {"id": "SKU-2", "price": 10},
            ],
        ),
    ),
    Sample(
        "a login",
        event={"type": "identify", "user_id": "user-123", "anonymous_id": "anon-1", "traits": {"plan": "gold"}},
        sends={
            "type": "identify",
            "user_id": "user-123",
            "anonymous_id": "anon-1",
            "timestamp": _MOMENT,
            "message_id": _ID,
            "traits": {"plan": "gold"},
        },
    ),
    Sample(
        "a login, with mi_u the hash of the e-mail address",
        event={"type": "identify", "user_id": "user-123", "traits": {"email": "Jane@Example.com"}},
        config={"mi_u": "email_sha256"},
        sends={
            "type": "identify",
            "user_id": "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d",
            "timestamp": _MOMENT,
            "message_id": _ID,
        },
    ),
    Sample(
        "an event of one's own",
        event=track("Quiz Finished!", score=7),
        config=_OWN,
        sends=native("quiz_finished", meta={"score": 7}),
        unmapped=True,
    ),
    Sample("an event of one's own, as it is at first", event=track("Quiz Finished!"), refuses="own_events_off"),
    Sample(
        "a page, where pages are sent",
        event={"type": "page", "name": "Home", "user_id": "user-123", "properties": {"title": "Home"}},
        config={"pages": "send"},
        sends={
            "type": "page",
            "user_id": "user-123",
            "timestamp": _MOMENT,
            "message_id": _ID,
            "name": "Home",
            "properties": {"title": "Home"},
        },
        unmapped=True,
    ),
    Sample(
        "a product is viewed, as Segment sends it",
        event={**track("Product Viewed", **MUG, tags=["a", 1, None]), "anonymous_id": "anon-1", "context": PAGE},
        config=_SEGMENT,
        sends={
            "type": "track",
            "event": "Product Viewed",
            "properties": {**MUG, "tags": ["a", 1]},
            "userId": "user-123",
            "anonymousId": "anon-1",
            "messageId": _ID,
            "timestamp": _MOMENT,
            "context": PAGE,
        },
    ),
    Sample(
        "a login, as Segment sends it",
        event={"type": "identify", "user_id": "user-123", "traits": {"plan": "gold"}},
        config=_SEGMENT,
        sends={
            "type": "identify",
            "traits": {"plan": "gold"},
            "userId": "user-123",
            "messageId": _ID,
            "timestamp": _MOMENT,
        },
    ),
    Sample(
        "a product without an id, as Segment sends it",
        event=track("Product Added", name="Mug"),
        config=_SEGMENT,
        refuses="missing_product_id",
    ),
    Sample(
        "an order of which a product has no id, as Segment sends it",
        event=track("Order Completed", products=[{"sku": "SKU-1"}, {"name": "Mug"}]),
        config=_SEGMENT,
        refuses="missing_product_id",
    ),
    Sample(
        "a search for nothing, as Segment sends it",
        event=track("Products Searched"),
        config=_SEGMENT,
        refuses="missing_query",
    ),
    Sample("nobody is known", event={"type": "identify"}, refuses="missing_user"),
    Sample(
        "a visitor, where visitors are not sent",
        event={"type": "identify", "anonymous_id": "anon-1"},
        config={"anonymous_events": "skip"},
        refuses="missing_user",
    ),
    Sample("a product without an id", event=track("Product Viewed", name="Mug"), refuses="missing_product_id"),
    Sample("a list without a name", event=track("Product List Viewed"), refuses="missing_category_id"),
    Sample("a search for nothing", event=track("Products Searched"), refuses="missing_query"),
    Sample("an order without products", event=track("Order Completed", order_id="O"), refuses="missing_products"),
    Sample("a name without letters", event=track("!!!"), config=_OWN, refuses="missing_event_name"),
    Sample(
        "an event of two months ago",
        event={**track("Quiz Finished"), "timestamp_ms": _MOMENT - 60 * 86_400_000},
        refuses="older_than_retention",
    ),
    Sample(
        "a login of two months ago",
        event={"type": "identify", "user_id": "user-123", "timestamp_ms": _MOMENT - 60 * 86_400_000},
        refuses="older_than_retention",
    ),
)
