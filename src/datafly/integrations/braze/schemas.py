"""Braze's recommended e-commerce events, as a shop may send them itself (§2.6)."""

from datafly.spec.conform import LIST, NUMBER, OBJECT, TEXT, WHOLE, Form

_PRODUCT = dict.fromkeys(("product_id", "product_name", "variant_id"), TEXT) | {"price": NUMBER}
_SHOWN = {"image_url": TEXT, "product_url": TEXT, "metadata": OBJECT}
_SOLD = {"currency": TEXT, "source": TEXT}
_WORTH = {"total_value": NUMBER, **_SOLD}
_SUMS = dict.fromkeys(("subtotal_value", "tax", "shipping"), NUMBER) | {"metadata": OBJECT}
_DISCOUNTS = {"total_discounts": NUMBER, "discounts": LIST}
_LINES = {"products": Form({**_PRODUCT, "quantity": WHOLE}, _SHOWN)}
_ADDS_OR_REMOVES = ("action", ("add", "remove"))

FORMS = {
    "ecommerce.product_viewed": Form({**_PRODUCT, **_SOLD}, {**_SHOWN, "type": LIST}),
    "ecommerce.cart_updated": Form(
        {"cart_id": TEXT, **_WORTH},
        {"action": TEXT, **_SUMS},
        _LINES,
        one_of={"action": ("add", "remove", "replace")},
        needless={"total_value": _ADDS_OR_REMOVES},
    ),
    "ecommerce.checkout_started": Form({"checkout_id": TEXT, **_WORTH}, {"cart_id": TEXT, **_SUMS}, _LINES),
    "ecommerce.order_placed": Form({"order_id": TEXT, **_WORTH}, {"cart_id": TEXT, **_DISCOUNTS, **_SUMS}, _LINES),
    "ecommerce.order_refunded": Form({"order_id": TEXT, **_WORTH}, {**_DISCOUNTS, "metadata": OBJECT}, _LINES),
    "ecommerce.order_cancelled": Form(
        {"order_id": TEXT, "cancel_reason": TEXT, **_WORTH}, {"cart_id": TEXT, **_DISCOUNTS, **_SUMS}, _LINES
    ),
}
