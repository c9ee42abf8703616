"""Which event becomes what at Movable Ink (§3.3; names of its own SDK where no example has them)."""

from typing import Any

from datafly.integrations.movable_ink.payloads import IDENTIFY, PAGE, tracked
from datafly.integrations.movable_ink.refusals import (
    NO_CATEGORY_ID,
    NO_PRODUCT_ID,
    NO_PRODUCTS,
    NO_QUERY,
    OWN_EVENTS_OFF,
)
from datafly.spec.choices import refused
from datafly.spec.convert import amount, currency, event_name, quantity, text
from datafly.spec.integration import ANY, Lines, Rule
from datafly.spec.nodes import Node, const, first, list_of, obj, path, required
from datafly.spec.parts import by_setting, each_line
from datafly.spec.rest import rest

_KEPT_DAYS = 30

_URL = text(path("properties.url", "context.page.url"))
_META = rest("properties", lists=False)
_CATEGORIES = list_of(obj(id=text(path("line.category")), title=text(path("line.category"))))
_ID = required(first(text(path("line.product_id")), text(path("line.sku"))), NO_PRODUCT_ID)
_CURRENCY = first(currency(path("line.currency")), currency(path("properties.currency")))

PRODUCT = obj(
    id=_ID,
    title=text(path("line.name")),
    price=amount(path("line.price")),
    currency=_CURRENCY,
    url=first(text(path("line.url")), _URL),
    categories=_CATEGORIES,
    meta=_META,
)
_CATEGORY_ID = required(text(path("properties.list_id", "properties.category")), NO_CATEGORY_ID)
CATEGORY = obj(
    id=_CATEGORY_ID,
    title=text(path("properties.category")),
    url=_URL,
    meta=rest("properties", but=("products",), lists=False),
)
_QUERY = required(text(path("properties.query")), NO_QUERY)
SEARCH = obj(query=_QUERY, url=_URL, meta=_META)
ORDER = obj(
    id=text(path("properties.order_id")),
    revenue=amount(path("properties.total", "properties.revenue")),
    currency=currency(path("properties.currency")),
    products=each_line(
        obj(
            id=_ID,
            title=text(path("line.name")),
            url=text(path("line.url")),
            price=amount(path("line.price")),
            quantity=quantity(path("line.quantity")),
            meta=rest("line", lists=False),
        )
    ),
)


def _name(native: Node) -> Node:
    """With payload: segment, an event keeps the name that it has here."""
    return by_setting("payload", native=native, segment=path("event"))


def _event(event: str, name: str, note: str, *, needed: Node, **more: Any) -> Rule:
    own, body = _name(const(name)), tracked(needed)
    return Rule(event, name, note, own, body=body, names=(name,), kept_days=_KEPT_DAYS, **more)


_PRODUCT: dict[str, Any] = {"params": PRODUCT, "needed": _ID}
RULES = (
    Rule(
        "identify",
        "identify",
        "Joins what a visitor did to the user: both ids are sent.",
        body=IDENTIFY,
        kept_days=_KEPT_DAYS,
    ),
    _event("Product Viewed", "product_viewed", "With id, title, price, currency, url and categories.", **_PRODUCT),
    _event("Product Added", "product_added", "As product_viewed.", **_PRODUCT),
    _event("Product Removed", "product_removed", "As product_viewed.", **_PRODUCT),
    _event(
        "Product List Viewed",
        "category_viewed",
        "The list, or its category, is the category.",
        params=CATEGORY,
        needed=_CATEGORY_ID,
    ),
    _event("Products Searched", "product_searched", "With the query.", params=SEARCH, needed=_QUERY),
    _event(
        "Order Completed",
        "order_completed",
        "One event for the order, with its products.",
        params=ORDER,
        needed=each_line(_ID),
        lines=Lines(path("properties.products"), NO_PRODUCTS),
    ),
    Rule(
        "page",
        "page",
        "Only with pages: send; set up a mapping for it first.",
        body=PAGE,
        off=("pages", "skip"),
        kept_days=_KEPT_DAYS,
    ),
    Rule(
        ANY,
        "the event's name in snake_case",
        "Only with own_events: send; set up a mapping for it at Movable Ink first.",
        by_setting("own_events", send=_name(event_name(path("event"))), skip=refused(OWN_EVENTS_OFF)),
        obj(meta=_META),
        kept_days=_KEPT_DAYS,
    ),
)
