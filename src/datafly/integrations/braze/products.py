"""Products, carts and orders: Braze's recommended events, and its purchases of before (§2.6)."""

from collections.abc import Mapping
from typing import Any

from datafly.integrations.braze.events import LONGEST, event, fitting, short
from datafly.integrations.braze.identity import SOMEBODY, WHO
from datafly.integrations.braze.refusals import (
    NO_CART_ID,
    NO_CHECKOUT_ID,
    NO_CURRENCY,
    NO_ORDER_ID,
    NO_PRICE,
    NO_PRODUCT_ID,
    NO_PRODUCT_NAME,
    NO_TOTAL,
    TOO_MANY_PIECES,
)
from datafly.spec.bounds import at_most, sized
from datafly.spec.choices import given, setting, warned
from datafly.spec.convert import amount, currency, number, quantity, text
from datafly.spec.nodes import Node, const, first, list_of, merged, obj, path, required
from datafly.spec.parts import each_line
from datafly.spec.rest import rest

_MOST_PIECES = 100
_NO_REASON = "The event has no reason; Braze needs a cancel_reason, so “not given” is sent."

ID = required(first(short(path("line.product_id")), short(path("line.sku"))), NO_PRODUCT_ID)
PRICE = required(amount(path("line.price")), NO_PRICE)
_PIECES = first(quantity(path("line.quantity")), const(1))
_PRODUCT = {
    "product_id": ID,
    "product_name": required(short(path("line.name")), NO_PRODUCT_NAME),
    "variant_id": first(short(path("line.variant")), short(path("line.sku")), ID),
}
_PICTURE = {"image_url": short(path("line.image_url")), "product_url": short(path("line.url"))}
_CURRENCY = required(
    first(
        currency(path("line.currency")), currency(path("properties.currency")), currency(setting("default_currency"))
    ),
    NO_CURRENCY,
)
_SOURCE = setting("source")
# A sku that is the variant is told as such; where another field is, it would be lost.
_OF_LINE = rest("line", keep=("sku",))


def _line(metadata: Node | None = None) -> Node:
    return obj(_PRODUCT, quantity=_PIECES, price=PRICE, **_PICTURE, metadata=metadata or fitting(_OF_LINE))


VIEWED = event(
    obj(
        _PRODUCT,
        price=PRICE,
        currency=_CURRENCY,
        source=_SOURCE,
        image_url=_PICTURE["image_url"],
        product_url=short(path("line.url", "context.page.url")),
        metadata=fitting(rest("properties", keep=("sku",))),
    )
)


def cart(action: str) -> Node:
    """The one product that the event is about; what the rest of the cart is, it does not tell."""
    return event(
        obj(
            cart_id=required(short(path("properties.cart_id")), NO_CART_ID),
            action=const(action),
            total_value=number(path("properties.total")),
            currency=_CURRENCY,
            source=_SOURCE,
            products=list_of(_line(fitting(rest("properties", keep=("sku",))))),
        )
    )


_TOTAL = required(
    first(number(path("properties.total")), number(path("properties.revenue")), number(path("properties.value"))),
    NO_TOTAL,
)
_ORDER_CURRENCY = required(
    first(currency(path("properties.currency")), currency(setting("default_currency"))), NO_CURRENCY
)
_COUPON, _DISCOUNT = short(path("properties.coupon")), amount(path("properties.discount"))
_SUMS = {
    "subtotal_value": number(path("properties.subtotal")),
    "tax": number(path("properties.tax")),
    "shipping": number(path("properties.shipping")),
}
_DISCOUNTS = {
    "total_discounts": _DISCOUNT,
    "discounts": given(_COUPON, given(_DISCOUNT, list_of(obj(code=_COUPON, amount=_DISCOUNT)))),
}
_CART_ID = {"cart_id": short(path("properties.cart_id"))}
_ORDER_ID = {"order_id": required(short(path("properties.order_id")), NO_ORDER_ID)}
# The coupon is part of the discounts only beside an amount.
_OF_ORDER = rest("properties", keep=("coupon",))


def _whole(named: Mapping[str, Node], *more: Mapping[str, Node]) -> Node:
    """What all events of an order have in common."""
    fields: dict[str, Any] = {name: node for one in (named, *more) for name, node in one.items()}
    return event(
        obj(
            fields,
            total_value=_TOTAL,
            currency=_ORDER_CURRENCY,
            source=_SOURCE,
            products=each_line(_line()),
            metadata=fitting(_OF_ORDER),
        )
    )


CHECKOUT = _whole(
    {"checkout_id": required(short(path("properties.checkout_id", "properties.order_id")), NO_CHECKOUT_ID)},
    _CART_ID,
    _SUMS,
)
PLACED = _whole(_ORDER_ID, _CART_ID, _DISCOUNTS, _SUMS)
REFUNDED = _whole(_ORDER_ID, _DISCOUNTS)
_REASON = first(short(path("properties.cancel_reason", "properties.reason")), warned(const("not given"), _NO_REASON))
CANCELLED = _whole(_ORDER_ID, {"cancel_reason": _REASON}, _CART_ID, _DISCOUNTS, _SUMS)

PURCHASES = each_line(
    given(
        SOMEBODY,
        obj(
            {**WHO, "app_id": setting("app_id")},
            product_id=sized(ID, LONGEST),
            currency=_CURRENCY,
            price=PRICE,
            quantity=at_most(_PIECES, _MOST_PIECES, TOO_MANY_PIECES),
            time=path("timestamp"),
            properties=fitting(merged(rest("line"), obj(order_id=text(path("properties.order_id"))))),
        ),
    )
)
