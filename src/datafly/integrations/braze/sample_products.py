"""Samples of products, carts and orders."""

from typing import Any

from datafly.integrations.braze.sample_requests import GBP, TIME, USER, VISITOR, bought, sent, track
from datafly.spec.integration import Sample

MUG: dict[str, Any] = {
    "product_id": "SKU-1",
    "sku": "M-1",
    "name": "Mug",
    "brand": "Acme",
    "price": 10.25,
    "url": "https://shop.example/mug",
    "image_url": "https://shop.example/mug.jpg",
}
PLATE = {"product_id": "SKU-2", "name": "Plate", "variant": "blue", "price": "8"}
_MUG: dict[str, Any] = {"product_id": "SKU-1", "product_name": "Mug", "variant_id": "M-1"}
_MUG_URLS = {"image_url": "https://shop.example/mug.jpg", "product_url": "https://shop.example/mug"}
_MUG_MORE = {"metadata": {"sku": "M-1", "brand": "Acme"}}
_MUGS = {**_MUG, "quantity": 2, "price": 10.25, **_MUG_URLS, **_MUG_MORE}
_PLATE = {"product_id": "SKU-2", "product_name": "Plate", "variant_id": "blue", "quantity": 1, "price": 8}
ORDER: dict[str, Any] = {
    "order_id": "ORD-9",
    "total": 30.5,
    "currency": "gbp",
    "coupon": "SAVE",
    "discount": 2,
    "tax": 5,
    "affiliation": "web shop",
    "products": [{**MUG, "quantity": 2}, PLATE],
}
_DISCOUNTS: dict[str, Any] = {"total_discounts": 2, "discounts": [{"code": "SAVE", "amount": 2}]}
_WORTH = {"total_value": 30.5, "currency": "GBP", "source": "web"}
_PURCHASES = {"orders": "purchases"}


def _short(of: str, *left_out: str) -> dict[str, Any]:
    return track(of, **{name: value for name, value in ORDER.items() if name not in left_out})


PRODUCTS = (
    Sample(
        "a product is viewed",
        event=track("Product Viewed", **MUG, currency="gbp", size="L"),
        config={"app_id": "app-1"},
        sends=sent(
            "ecommerce.product_viewed",
            {
                **_MUG,
                "price": 10.25,
                "currency": "GBP",
                "source": "web",
                **_MUG_URLS,
                "metadata": {"sku": "M-1", "brand": "Acme", "size": "L"},
            },
            app_id="app-1",
        ),
    ),
    Sample("a product without a name", event=track("Product Viewed", product_id="1"), refuses="missing_product_name"),
    Sample("a product without an id", event=track("Product Viewed", name="Mug"), refuses="missing_product_id"),
    Sample(
        "a product without a price",
        event=track("Product Viewed", product_id="SKU-1", name="Mug", price="free"),
        config=GBP,
        refuses="missing_price",
    ),
    Sample("a product without a currency", event=track("Product Viewed", **MUG), refuses="missing_currency"),
    Sample(
        "a visitor puts a product in the cart",
        event={
            **track("Product Added", **MUG, quantity=2, cart_id="C-1"),
            "user_id": None,
            "anonymous_id": "anon-1",
        },
        config=GBP,
        sends=sent(
            "ecommerce.cart_updated",
            {"cart_id": "C-1", "action": "add", "currency": "GBP", "source": "web", "products": [_MUGS]},
            VISITOR,
        ),
    ),
    Sample(
        "a product is taken out of the cart",
        event=track("Product Removed", **PLATE, cart_id="C-1", total=20.5, currency="GBP"),
        sends=sent(
            "ecommerce.cart_updated",
            {
                "cart_id": "C-1",
                "action": "remove",
                "total_value": 20.5,
                "currency": "GBP",
                "source": "web",
                "products": [_PLATE],
            },
        ),
    ),
    Sample("a cart without an id", event=track("Product Added", **MUG), config=GBP, refuses="missing_cart_id"),
    Sample(
        "a cart without an id, where carts are custom events",
        event=track("Product Added", product_id="SKU-1", quantity=2),
        config={"carts": "custom"},
        sends=sent("Product Added", {"product_id": "SKU-1", "quantity": 2}),
    ),
)
ORDERS = (
    Sample(
        "a checkout is begun",
        event=track(
            "Checkout Started",
            checkout_id="CH-1",
            value=20.5,
            currency="GBP",
            checkout_url="https://shop.example/c",
            products=[{**MUG, "quantity": 2}],
        ),
        sends=sent(
            "ecommerce.checkout_started",
            {
                "checkout_id": "CH-1",
                **_WORTH,
                "total_value": 20.5,
                "products": [_MUGS],
                "metadata": {"checkout_url": "https://shop.example/c"},
            },
        ),
    ),
    Sample("a checkout without an id", event=_short("Checkout Started", "order_id"), refuses="missing_checkout_id"),
    Sample(
        "an order of two products",
        event=track("Order Completed", **ORDER),
        sends=sent(
            "ecommerce.order_placed",
            {
                "order_id": "ORD-9",
                **_DISCOUNTS,
                "tax": 5,
                **_WORTH,
                "products": [_MUGS, _PLATE],
                "metadata": {"coupon": "SAVE", "affiliation": "web shop"},
            },
        ),
    ),
    Sample("an order without a number", event=_short("Order Completed", "order_id"), refuses="missing_order_id"),
    Sample("an order without a total", event=_short("Order Completed", "total"), refuses="missing_total"),
    Sample("an order without products", event=_short("Order Completed", "products"), refuses="missing_products"),
    Sample(
        "an order as purchases",
        event=track("Order Completed", **ORDER),
        config=_PURCHASES,
        sends=bought(
            {
                "product_id": "SKU-1",
                "currency": "GBP",
                "price": 10.25,
                "quantity": 2,
                "time": TIME,
                "properties": {
                    "name": "Mug",
                    "brand": "Acme",
                    "url": "https://shop.example/mug",
                    "image_url": "https://shop.example/mug.jpg",
                    "order_id": "ORD-9",
                },
            },
            {
                "product_id": "SKU-2",
                "currency": "GBP",
                "price": 8,
                "quantity": 1,
                "time": TIME,
                "properties": {"name": "Plate", "variant": "blue", "order_id": "ORD-9"},
            },
        ),
    ),
    Sample(
        "a purchase of more pieces than Braze takes",
        event=track("Order Completed", **{**ORDER, "products": [{**MUG, "quantity": 101}]}),
        config=_PURCHASES,
        refuses="quantity_too_large",
    ),
    Sample(
        "a purchase with too much beside",
        event=track(
            "Order Completed", **{**ORDER, "products": [{**MUG, **{f"note_{n}": "x" * 250 for n in range(210)}}]}
        ),
        config=_PURCHASES,
        refuses="purchase_too_large",
    ),
    Sample(
        "a part of an order is refunded",
        event=track("Order Refunded", order_id="ORD-9", total=8, currency="GBP", products=[PLATE]),
        sends=sent("ecommerce.order_refunded", {"order_id": "ORD-9", **_WORTH, "total_value": 8, "products": [_PLATE]}),
    ),
    Sample(
        "an order is cancelled",
        event=track("Order Cancelled", order_id="ORD-9", total=8, currency="GBP", reason="late", products=[PLATE]),
        sends=sent(
            "ecommerce.order_cancelled",
            {"order_id": "ORD-9", "cancel_reason": "late", **_WORTH, "total_value": 8, "products": [_PLATE]},
        ),
    ),
    Sample(
        "an order is cancelled without a reason",
        event=track("Order Cancelled", order_id="ORD-9", total=8, currency="GBP", products=[PLATE]),
        sends=sent(
            "ecommerce.order_cancelled",
            {"order_id": "ORD-9", "cancel_reason": "not given", **_WORTH, "total_value": 8, "products": [_PLATE]},
            USER,
        ),
        warns=("no reason",),
    ),
)
