"""How the endpoint reads an event (contracts/klaviyo-braze-movable-ink-webhook.md §3.2–3.4)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

MAPPED: Final = frozenset(
    {
        "identify",
        *("product_viewed", "product_added", "product_removed", "category_viewed", "product_searched"),
        *("order_completed", "Product Viewed", "Product Added", "Product Removed", "Product List Viewed"),
        *("Products Searched", "Order Completed"),
    }
)
"""What is set up in a fresh sandbox; at Movable Ink a person does that for each event."""
_KEPT: Final = timedelta(days=30)
_AHEAD: Final = timedelta(hours=24)
_TYPES: Final = ("identify", "track", "page")
_NEEDS_ID: Final = frozenset({"product_viewed", "product_added", "product_removed", "category_viewed"})
_NEEDS_PRODUCT: Final = frozenset({"Product Viewed", "Product Added", "Product Removed"})


def who(event: Mapping[str, Any]) -> str:
    """Whose it is: the user id in either spelling, else the anonymous id; empty where it is nobody's."""
    names = ("user_id", "userId", "anonymous_id", "anonymousId")
    return next((event[name] for name in names if isinstance(event.get(name), str) and event[name]), "")


def name_of(event: Mapping[str, Any]) -> str:
    return str(event.get("event") or event.get("type") or "")


def problem(event: Any, now: datetime, *, strict: bool) -> str:
    """Why it is refused, empty if it is taken. `strict`: only what is set up is taken."""
    if not isinstance(event, dict):
        return "an event must be an object"
    if event.get("type") not in _TYPES:
        return "type must be identify, track or page"
    if event["type"] == "track" and not event.get("event"):
        return "a track event needs an event name"
    if not who(event):
        return "one of user_id and anonymous_id is required"
    return _untimely(event.get("timestamp"), now) or _lacking(event) or _unmapped(event, strict=strict)


def _untimely(moment: Any, now: datetime) -> str:
    if type(moment) is not int:
        return "timestamp must be epoch milliseconds"
    happened = datetime.fromtimestamp(moment / 1000, UTC) if 0 <= moment < 253_402_300_800_000 else None
    if happened is None or happened > now + _AHEAD:
        return "timestamp is in the future"
    return "events older than 30 days are not accepted" if happened < now - _KEPT else ""


def _lacking(event: Mapping[str, Any]) -> str:
    name = name_of(event)
    told = event.get("properties")
    properties = told if isinstance(told, dict) else {}
    if name in _NEEDS_ID and not _has(properties, "id"):
        return f"{name} requires properties.id"
    if name in _NEEDS_PRODUCT and not _has(properties, "product_id", "sku"):
        return f"{name} requires properties.product_id or properties.sku"
    if name in ("product_searched", "Products Searched") and not properties.get("query"):
        return f"{name} requires properties.query"
    return _lacking_of_order(name, properties.get("products"))


def _has(found: Mapping[str, Any], *names: str) -> bool:
    """One of them, also where it is the number 0."""
    return any(found.get(name) not in (None, "") for name in names)


def _lacking_of_order(name: str, products: Any) -> str:
    if name not in ("order_completed", "Order Completed"):
        return ""
    if not isinstance(products, list) or not products:
        return f"{name} requires properties.products"
    ids = ("id",) if name == "order_completed" else ("product_id", "sku")
    complete = all(isinstance(line, dict) and _has(line, *ids) for line in products)
    return "" if complete else f"each product of {name} requires {' or '.join(ids)}"


def _unmapped(event: Mapping[str, Any], *, strict: bool) -> str:
    return f"no mapping for event {name_of(event)}" if strict and name_of(event) not in MAPPED else ""
