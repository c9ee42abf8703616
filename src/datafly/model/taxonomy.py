"""The standard events and their properties: one canonical name each, and every other spelling that is understood.

Canonical names are Title Case for events and snake_case for properties (contracts/signal.md §5.4, contracts/insider.md
§10.2). Names that no contract gives are ours; they follow Segment's e-commerce spec. An event that is not in the table
is a custom one: its name and its properties stay as sent.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from operator import is_not
from typing import Any, Final

import msgspec

Rename = tuple[str, str]
"""(as sent, canonical)"""


class StandardEvent(msgspec.Struct, frozen=True):
    """`single`: it is about one product, whose fields stand among its own. `money`: a bare `value` is its revenue."""

    name: str
    ga4: str = ""
    also: tuple[str, ...] = ()
    single: bool = False
    money: bool = False


class Property(msgspec.Struct, frozen=True):
    """`also`: other names, the best first. The camelCase of every name is understood too."""

    name: str
    also: tuple[str, ...] = ()


EVENTS: Final = (
    # browsing
    StandardEvent("Products Searched", "search", ("product_searched", "view_search_results", "Search Performed")),
    StandardEvent("Product List Viewed", "view_item_list", ("Viewed Product Category",)),
    StandardEvent("Product List Filtered"),
    StandardEvent("Product Clicked", "select_item", ("Clicked Product",), single=True),
    StandardEvent("Product Viewed", "view_item", ("Viewed Product",), single=True),
    StandardEvent("Product Shared", single=True),
    StandardEvent("Product Reviewed", single=True),
    StandardEvent("Promotion Viewed", "view_promotion"),
    StandardEvent("Promotion Clicked", "select_promotion"),
    # cart and checkout
    StandardEvent("Product Added", "add_to_cart", ("Added Product", "Product Added to Cart"), single=True),
    StandardEvent("Product Removed", "remove_from_cart", ("Removed Product", "Product Removed from Cart"), single=True),
    StandardEvent("Cart Viewed", "view_cart"),
    StandardEvent("Cart Cleared", "", ("Cart Emptied",)),
    StandardEvent("Cart Shared"),
    StandardEvent("Checkout Started", "begin_checkout"),
    StandardEvent("Checkout Step Viewed"),
    StandardEvent("Checkout Step Completed"),
    StandardEvent("Shipping Info Entered", "add_shipping_info"),
    StandardEvent("Payment Info Entered", "add_payment_info"),
    StandardEvent("Coupon Entered"),
    StandardEvent("Coupon Applied"),
    StandardEvent("Coupon Denied"),
    StandardEvent("Coupon Removed"),
    # orders
    StandardEvent("Order Completed", "purchase", ("Completed Order",), money=True),
    StandardEvent("Order Updated", money=True),
    StandardEvent("Order Refunded", "refund", money=True),
    StandardEvent("Order Cancelled", "", ("Order Canceled",), money=True),
    # wishlist
    StandardEvent("Product Added to Wishlist", "add_to_wishlist", ("Wishlist Product Added",), single=True),
    StandardEvent("Product Removed from Wishlist", "remove_from_wishlist", ("Wishlist Product Removed",), single=True),
    StandardEvent("Wishlist Product Added to Cart", single=True),
    StandardEvent("Wishlist Viewed", "view_wishlist"),
    StandardEvent("Wishlist Cleared"),
    # accounts
    StandardEvent("Signed Up", "sign_up", ("User Registered", "Account Created", "User Signed Up")),
    StandardEvent("Signed In", "login", ("Logged In", "User Signed In", "User Logged In")),
    StandardEvent("Signed Out", "logout", ("Logged Out", "User Signed Out", "User Logged Out")),
    StandardEvent("Password Reset Requested"),
    StandardEvent("Trial Started"),
    StandardEvent("Trial Converted"),
    # publishing and applications
    StandardEvent("Article Viewed"),
    StandardEvent("Article Read"),
    StandardEvent("Application Installed"),
    StandardEvent("Application Updated"),
    StandardEvent("Application Opened"),
    StandardEvent("Application Backgrounded"),
)

COMMON: Final = (
    Property("currency", ("currency_code",)),
    Property("coupon", ("coupon_code",)),
    Property("discount"),
    Property("affiliation"),
    Property("cart_id"),
    Property("list_id", ("item_list_id",)),
    Property("list_name", ("item_list_name",)),
    Property("promotion_id"),
)
"""Of an event or of a product alike."""

ORDER: Final = (
    Property("order_id", ("transaction_id",)),
    Property("checkout_id"),
    Property("total", ("order_total",)),
    Property("revenue"),
    Property("subtotal", ("sub_total",)),
    Property("tax"),
    Property("shipping", ("shipping_cost",)),
    Property("products", ("items", "line_items")),
    Property("query", ("search_term",)),
    Property("shipping_method", ("shipping_tier",)),
    Property("payment_method", ("payment_type",)),
)
"""Of the event as a whole: an order, a checkout, a search."""

PRODUCT: Final = (
    Property("product_id", ("item_id", "id")),
    Property("sku"),
    Property("name", ("item_name", "product_name")),
    Property("price"),
    Property("list_price", ("compare_at_price", "original_price", "regular_price")),
    Property("quantity"),
    Property("category", ("item_category", "product_category")),
    Property("brand", ("item_brand", "product_brand")),
    Property("variant", ("item_variant", "product_variant")),
    Property("position", ("index",)),
    Property("image_url", ("product_image_url",)),
    Property("url", ("product_url",)),
)
"""Of one product: a line of `products`, or an event about a single product."""

PROMOTION: Final = (
    Property("name", ("promotion_name",)),
    Property("creative", ("creative_name",)),
    Property("position", ("creative_slot",)),
)
"""Of an event about a promotion."""

DEEPER: Final = ("item_category2", "item_category3", "item_category4", "item_category5")
"""GA4 tells a category path in five properties; canonical is `category` as a list, broad to narrow."""


def canonical_event(name: str) -> str:
    """The Title Case name of a standard event in any spelling and case; any other name as it was sent."""
    return _NAMES.get(name) or _unusual(name)


def is_called(names: Collection[str | None], asked: str) -> bool:
    """Whether one of the names of an event is what somebody asks for, in any spelling and case."""
    if asked in names:
        return True
    wanted = {fold(asked), fold(canonical_event(asked))}
    return any(name is not None and fold(name) in wanted for name in names)


def canonical_properties(event: str, properties: dict[str, Any]) -> tuple[dict[str, Any], list[Rename]]:
    """Canonical property names for a canonical `event`, and what was renamed; a custom event keeps its own.

    Nothing is lost and nothing overwritten: a canonical name that was sent wins, and the other spelling then stays as
    it is. An event about a single product that came with `products` (GA4) gets the fields of the first as its own;
    more than one stay in `products` as well. The argument is not changed; it is returned itself if nothing was to do.
    """
    shape = _SHAPES.get(event)
    if shape is None:
        return properties, []
    renames: list[Rename] = []
    found = _renamed(properties, shape, renames)
    if event in _MONEY and "value" in found and "revenue" not in found and "total" not in found:
        found = _rekeyed(found, "value", "revenue", renames)
    if isinstance(found.get("products"), list):
        found = _with_products(event, found, renames)
    return found, list(dict.fromkeys(renames)) if renames else renames


def is_single(name: str) -> bool:
    """Whether a canonical event is about one product."""
    return name in _SINGLE


def is_standard(name: str) -> bool:
    """Whether a canonical name is in the table."""
    return name in _SHAPES


def spellings(name: str) -> frozenset[str]:
    """All other names, folded, under which a property of that canonical name may be sent with some event."""
    return _SENT_AS.get(name, frozenset())


def _with_products(event: str, found: dict[str, Any], renames: list[Rename]) -> dict[str, Any]:
    sent = found["products"]
    products = [_renamed(line, "line", renames) if isinstance(line, dict) else line for line in sent]
    if any(map(is_not, products, sent)):
        found = {**found, "products": products}
    if event in _SINGLE and products and isinstance(products[0], dict):
        found = _lifted(found, products, renames)
    return found


def _lifted(found: dict[str, Any], products: list[Any], renames: list[Rename]) -> dict[str, Any]:
    lifted = {**products[0], **found}
    if len(products) == 1:
        del lifted["products"]
    elif len(lifted) == len(found):
        return found  # the first of several, whose fields it has already
    renames.append(("products[0]", "properties"))
    return lifted


def _renamed(sent: dict[str, Any], shape: str, renames: list[Rename]) -> dict[str, Any]:
    """`sent` itself if there is nothing to rename in it."""
    plan = _plan(shape, tuple(sent))
    while plan.products and not isinstance(sent[plan.products], list):
        plan = _plan(shape, plan.without(plan.products))
    if not plan.targets:
        return sent
    renames.extend(plan.targets.items())
    found = {plan.targets.get(name, name): value for name, value in sent.items()}
    return _with_path(found, renames) if "item_category" in plan.targets else found


class _Plan(msgspec.Struct, frozen=True):
    """`targets`: spelling → the canonical name that it becomes. `products`: the spelling of the list of products."""

    names: tuple[str, ...]
    targets: dict[str, str]
    products: str | None

    def without(self, spelling: str) -> tuple[str, ...]:
        return tuple(name for name in self.names if name != spelling)


@lru_cache(maxsize=8_192)
def _plan(shape: str, names: tuple[str, ...]) -> _Plan:
    """Of all that is sent under one canonical name the best ranked becomes it, whatever the order; senders repeat."""
    aliases = _TABLES[shape]
    best: dict[str, tuple[int, str]] = {}
    for name in names:
        target, rank = aliases.get(name, ("", 0))
        if target and target not in names and (target not in best or rank < best[target][0]):
            best[target] = (rank, name)
    chosen = {target: name for target, (_, name) in best.items()}
    return _Plan(names, {name: target for target, name in chosen.items()}, chosen.get("products"))


def _with_path(found: dict[str, Any], renames: list[Rename]) -> dict[str, Any]:
    deeper = [name for name in DEEPER if name in found]
    if not deeper:
        return found
    renames.extend((name, "category") for name in deeper)
    path = [found["category"], *(found[name] for name in deeper)]
    return {name: path if name == "category" else value for name, value in found.items() if name not in deeper}


def _rekeyed(found: dict[str, Any], name: str, target: str, renames: list[Rename]) -> dict[str, Any]:
    renames.append((name, target))
    return {target if key == name else key: value for key, value in found.items()}


_SEPARATORS: Final = str.maketrans("", "", " _-")


@lru_cache(maxsize=8_192)
def _unusual(name: str) -> str:
    return _FOLDED.get(fold(name), name)


def fold(name: str) -> str:
    """Spellings that differ in case, spaces, `_` and `-` alone are one."""
    return name.translate(_SEPARATORS).lower()


def _snake(name: str) -> str:
    return name.lower().replace(" ", "_")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _spellings(event: StandardEvent) -> list[str]:
    names = [event.name, *event.also]
    return [*names, *(_snake(name) for name in names), *([event.ga4] if event.ga4 else [])]


def _aliases(properties: Iterable[Property]) -> dict[str, tuple[str, int]]:
    """Other spelling → (canonical name, rank); a name's initials may be upper case (`orderID`, `imageURL`, `SKU`)."""
    found: dict[str, tuple[str, int]] = {}
    for item in properties:
        spellings = [form for name in (item.name, *item.also) for form in _forms(name)]
        for rank, spelling in enumerate(dict.fromkeys(spellings)):
            if spelling != item.name:
                found.setdefault(spelling, (item.name, rank))
    return found


def _forms(name: str) -> list[str]:
    camel = _camel(name)
    shouted = [camel[: -len(tail)] + tail.upper() for tail in ("id", "url", "sku") if camel.lower().endswith(tail)]
    return [name, camel, *shouted] if name not in ("id", "products") else [name]


_NAMES: Final = {spelling: event.name for event in EVENTS for spelling in _spellings(event)}
_FOLDED: Final = {fold(spelling): name for spelling, name in _NAMES.items()}
_SINGLE: Final = frozenset(event.name for event in EVENTS if event.single)
_MONEY: Final = frozenset(event.name for event in EVENTS if event.money)
_TABLES: Final = {
    "line": _aliases((*COMMON, *PRODUCT)),
    "whole": _aliases((*COMMON, *ORDER)),
    "product": _aliases((*COMMON, *ORDER, *PRODUCT)),
    "promotion": _aliases((*COMMON, *ORDER, *PROMOTION)),
}
"""By shape: of a line of `products`, of an event as a whole, about one product, about a promotion."""
_SHAPES: Final = {
    event.name: "product" if event.single else "promotion" if event.name.startswith("Promotion") else "whole"
    for event in EVENTS
}
_SENT_AS: Final = {
    target: frozenset(fold(sent) for table in _TABLES.values() for sent, (to, _) in table.items() if to == target)
    for target in {to for table in _TABLES.values() for to, _ in table.values()}
}
