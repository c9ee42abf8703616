"""Braze's recommended e-commerce events: what each must have, and what it may (§2.6)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

_TEXT, _NUMBER, _WHOLE, _OBJECT, _LIST, _PRODUCTS = "string", "number", "integer", "object", "array", "products"
_SUMS: Final = {"subtotal_value": _NUMBER, "tax": _NUMBER, "shipping": _NUMBER, "metadata": _OBJECT}
_DISCOUNTS: Final = {"total_discounts": _NUMBER, "discounts": _LIST}
_WORTH: Final = {"total_value": _NUMBER, "currency": _TEXT, "source": _TEXT, "products": _PRODUCTS}


class Schema(msgspec.Struct, frozen=True):
    """Name of a property → what it is."""

    required: Mapping[str, str]
    optional: Mapping[str, str]


PRODUCT: Final = Schema(
    {"product_id": _TEXT, "product_name": _TEXT, "variant_id": _TEXT, "quantity": _WHOLE, "price": _NUMBER},
    {"image_url": _TEXT, "product_url": _TEXT, "metadata": _OBJECT},
)
SCHEMAS: Final = {
    "ecommerce.product_viewed": Schema(
        {
            "product_id": _TEXT,
            "product_name": _TEXT,
            "variant_id": _TEXT,
            "price": _NUMBER,
            "currency": _TEXT,
            "source": _TEXT,
        },
        {"image_url": _TEXT, "product_url": _TEXT, "metadata": _OBJECT, "type": _LIST},
    ),
    # total_value may be left out beside an action that adds or removes; see `problem`.
    "ecommerce.cart_updated": Schema({"cart_id": _TEXT, **_WORTH}, {"action": _TEXT, **_SUMS}),
    "ecommerce.checkout_started": Schema({"checkout_id": _TEXT, **_WORTH}, {"cart_id": _TEXT, **_SUMS}),
    "ecommerce.order_placed": Schema({"order_id": _TEXT, **_WORTH}, {"cart_id": _TEXT, **_DISCOUNTS, **_SUMS}),
    "ecommerce.order_refunded": Schema({"order_id": _TEXT, **_WORTH}, {**_DISCOUNTS, "metadata": _OBJECT}),
    "ecommerce.order_cancelled": Schema(
        {"order_id": _TEXT, "cancel_reason": _TEXT, **_WORTH}, {"cart_id": _TEXT, **_DISCOUNTS, **_SUMS}
    ),
}
_ACTIONS: Final = ("add", "remove", "replace")


def problem(name: str, properties: Mapping[str, Any]) -> str | None:
    """Why an event of that name is refused; None where it fits, or where there is no schema."""
    schema = SCHEMAS.get(name)
    if schema is None:
        return None
    if name == "ecommerce.cart_updated" and properties.get("action") in ("add", "remove"):
        needed = {field: kind for field, kind in schema.required.items() if field != "total_value"}
        schema = Schema(needed, {**schema.optional, "total_value": _NUMBER})
    return next(_misfits(schema, properties, "#/"), None)


def _misfits(schema: Schema, value: Mapping[str, Any], place: str) -> Iterator[str]:
    for field in schema.required:
        if field not in value:
            yield f"The property '{place}' did not contain a required property of '{field}'"
    known = {**schema.required, **schema.optional}
    for field, found in value.items():
        if field not in known:
            yield f"The property '{place}' contains additional properties [\"{field}\"] outside of the schema"
        else:
            yield from _mistyped(known[field], found, f"{place.rstrip('/')}/{field}")


def _mistyped(kind: str, found: Any, place: str) -> Iterator[str]:
    if kind == _PRODUCTS:
        yield from _products(found, place)
    elif not _is(kind, found):
        yield f"The property '{place}' of type {type(found).__name__} did not match the following type: {kind}"
    elif place == "#/action" and found not in _ACTIONS:
        yield f"The property '{place}' value \"{found}\" did not match one of the following values: {_ACTIONS}"


def _products(found: Any, place: str) -> Iterator[str]:
    if not isinstance(found, list) or not found:
        yield f"The property '{place}' did not contain a minimum number of items 1"
        return
    for index, one in enumerate(found):
        if isinstance(one, dict):
            yield from _misfits(PRODUCT, one, f"{place}/{index}")
        else:
            yield from _mistyped(_OBJECT, one, f"{place}/{index}")


def _is(kind: str, found: Any) -> bool:
    if kind == _TEXT:
        return isinstance(found, str) and found != ""
    if kind == _WHOLE:
        return isinstance(found, int) and not isinstance(found, bool)
    if kind == _NUMBER:
        return isinstance(found, int | float) and not isinstance(found, bool)
    return isinstance(found, dict if kind == _OBJECT else list)
