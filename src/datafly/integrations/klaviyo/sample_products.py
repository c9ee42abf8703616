"""Samples of products, carts and orders."""

from typing import Any

from datafly.integrations.klaviyo.sample_requests import CONTACT, JANE, USER, sent, track
from datafly.spec.integration import Sample

MUG = {
    "product_id": "SKU-1",
    "sku": "M-1",
    "name": "Mug",
    "category": "Home > Kitchen",
    "brand": "Acme",
    "price": 10.25,
    "url": "https://shop.example/mug",
    "image_url": "https://shop.example/mug.jpg",
}
PLATE = {"sku": "SKU-2", "price": "8", "color": "blue"}
NO_ID = "no product_id, sku or variant_id"
_CATEGORIES = ["Home", "Kitchen"]
_ITEM: dict[str, Any] = {
    "ProductID": "SKU-1",
    "SKU": "M-1",
    "ProductName": "Mug",
    "Quantity": 1,
    "ItemPrice": 10.25,
    "RowTotal": 10.25,
    "ProductURL": "https://shop.example/mug",
    "ImageURL": "https://shop.example/mug.jpg",
    "ProductCategories": _CATEGORIES,
}
_TWO = {**_ITEM, "Quantity": 2, "RowTotal": 20.5}
_VIEWED = {
    "ProductName": "Mug",
    "ProductID": "SKU-1",
    "SKU": "M-1",
    "Categories": _CATEGORIES,
    "ImageURL": "https://shop.example/mug.jpg",
    "URL": "https://shop.example/mug",
    "Brand": "Acme",
    "Price": 10.25,
}
_PLATE_ITEM = {
    "color": "blue",
    "ProductID": "SKU-2",
    "SKU": "SKU-2",
    "Quantity": 1,
    "ItemPrice": 8,
    "RowTotal": 8,
}
ORDER = {
    "order_id": "ORD-9",
    "total": 30.5,
    "currency": "gbp",
    "coupon": "SAVE",
    "discount": 2,
    "tax": 5,
    "products": [{**MUG, "quantity": 2}, PLATE],
}
_ORDERED_MUG = {
    "OrderId": "ORD-9",
    "ProductName": "Mug",
    "ProductID": "SKU-1",
    "SKU": "M-1",
    "Quantity": 2,
    "ProductURL": "https://shop.example/mug",
    "ImageURL": "https://shop.example/mug.jpg",
    "Categories": _CATEGORIES,
    "ProductBrand": "Acme",
}
_PLACED = {
    "tax": 5,
    "OrderId": "ORD-9",
    "ItemNames": ["Mug"],
    "Categories": _CATEGORIES,
    "Brands": ["Acme"],
    "DiscountCode": "SAVE",
    "DiscountValue": 2,
    "Items": [_TWO, _PLATE_ITEM],
}
_GBP: dict[str, Any] = {"value": 30.5, "value_currency": "GBP"}


def _ordered(line: str, properties: dict[str, Any], value: float, **more: Any) -> dict[str, Any]:
    worth: dict[str, Any] = {"value": value, "value_currency": "GBP"}
    return sent("Ordered Product", properties, unique_id=f"ORD-9:{line}", **{**worth, **more})


_LINES = (
    _ordered("SKU-1:1", _ORDERED_MUG, 20.5),
    _ordered("SKU-2:2", {"color": "blue", "OrderId": "ORD-9", "ProductID": "SKU-2", "SKU": "SKU-2", "Quantity": 1}, 8),
)

PRODUCTS = (
    Sample(
        "a product is viewed",
        event={
            **track("Product Viewed", **MUG, list_price=12, size="L"),
            "known_traits": JANE,
            "anonymous_id": "anon-1",
        },
        sends=sent(
            "Viewed Product",
            {"size": "L", **_VIEWED, "CompareAtPrice": 12},
            {**USER, **CONTACT, "anonymous_id": "anon-1"},
        ),
    ),
    Sample("a product is clicked", event=track("Product Clicked", **MUG), sends=sent("Viewed Product", _VIEWED)),
    Sample(
        "a product without an id",
        event=track("Product Viewed", name="Mug"),
        sends=sent("Viewed Product", {"ProductName": "Mug"}),
        warns=(NO_ID,),
    ),
    Sample(
        "a product is put in the cart by a visitor",
        event={**track("Product Added", **MUG, quantity=2, currency="gbp"), "user_id": None, "anonymous_id": "anon-1"},
        sends=sent(
            "Added to Cart",
            {
                "AddedItemProductName": "Mug",
                "AddedItemProductID": "SKU-1",
                "AddedItemSKU": "M-1",
                "AddedItemCategories": _CATEGORIES,
                "AddedItemImageURL": "https://shop.example/mug.jpg",
                "AddedItemURL": "https://shop.example/mug",
                "AddedItemPrice": 10.25,
                "AddedItemQuantity": 2,
                "ItemNames": ["Mug"],
                "Items": [_TWO],
                "brand": "Acme",
            },
            {"anonymous_id": "anon-1"},
            value=20.5,
            value_currency="GBP",
        ),
    ),
    Sample(
        "a checkout is begun",
        event=track(
            "Checkout Started", total=10.25, checkout_url="https://shop.example/c", checkout_id="C-1", products=[MUG]
        ),
        config={"default_currency": "EUR"},
        sends=sent(
            "Started Checkout",
            {
                "checkout_id": "C-1",
                "ItemNames": ["Mug"],
                "CheckoutURL": "https://shop.example/c",
                "Categories": _CATEGORIES,
                "Items": [{"brand": "Acme", **_ITEM}],
            },
            value=10.25,
            value_currency="EUR",
        ),
    ),
)
ORDERS = (
    Sample(
        "an order of two products",
        event=track("Order Completed", **ORDER),
        sends=[sent("Placed Order", _PLACED, **_GBP, unique_id="ORD-9"), *_LINES],
    ),
    Sample(
        "an order of last year",
        event={**track("Order Completed", **{**ORDER, "products": [{**MUG, "quantity": 2}]}), "historical": True},
        sends=[
            sent("Placed Order", {**_PLACED, "Items": [_TWO]}, **_GBP, unique_id="ORD-9", backfill=True),
            _ordered("SKU-1:1", _ORDERED_MUG, 20.5, backfill=True),
        ],
    ),
    Sample(
        "an order, where its lines are not sent by themselves",
        event=track("Order Completed", **ORDER),
        config={"ordered_products": False},
        sends=sent("Placed Order", _PLACED, **_GBP, unique_id="ORD-9"),
    ),
    Sample(
        "an order without a number and without products",
        event=track("Order Completed", revenue=30.5),
        config={"ordered_products": False},
        sends=sent("Placed Order", {"revenue": 30.5, "Items": [{"Quantity": 1}]}, value=30.5),
        warns=(NO_ID,),
    ),
    Sample(
        "an order is cancelled",
        event=track("Order Cancelled", order_id="ORD-9", total=10.25, currency="GBP", reason="late", products=[MUG]),
        sends=sent(
            "Cancelled Order",
            {
                "OrderId": "ORD-9",
                "ItemNames": ["Mug"],
                "Categories": _CATEGORIES,
                "Brands": ["Acme"],
                "Reason": "late",
                "Items": [_ITEM],
            },
            value=10.25,
            value_currency="GBP",
        ),
    ),
    Sample(
        "a part of an order is refunded",
        event=track("Order Refunded", order_id="ORD-9", total=8, currency="GBP", products=[PLATE]),
        sends=sent("Refunded Order", {"OrderId": "ORD-9", "Items": [_PLATE_ITEM]}, value=8, value_currency="GBP"),
    ),
)
