"""Samples of carts and orders: one event per line."""

from typing import Any

from datafly.integrations.insider.sample_requests import OUTSIDE, event, request, track
from datafly.spec.integration import Sample

MUG = {
    "product_id": "SKU-1",
    "name": "Mug",
    "category": "Home > Kitchen",
    "price": 10.0,
    "list_price": 12.0,
    "quantity": 2,
    "url": "https://shop.example/mug",
}
TEAPOT = {"product_id": "SKU-2", "name": "Teapot", "category": "Home > Kitchen", "price": 15.0}
MUG_PARAMS = {
    "product_id": "SKU-1",
    "name": "Mug",
    "taxonomy": ["Home", "Kitchen"],
    "currency": "GBP",
    "unit_price": 12.0,
    "unit_sale_price": 10.0,
    "quantity": 2,
    "url": "https://shop.example/mug",
}
TEAPOT_PARAMS = {
    "product_id": "SKU-2",
    "name": "Teapot",
    "taxonomy": ["Home", "Kitchen"],
    "currency": "GBP",
    "unit_price": 15.0,
    "unit_sale_price": 15.0,
    "quantity": 1,
}


def _order(**properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "user_id": "user-123", "properties": properties}


def _line(**params: Any) -> dict[str, Any]:
    return event("confirmation_page_view", event_group_id="ORD-9", **params)


ORDERS = (
    Sample(
        "an order of two lines",
        event={
            **_order(
                order_id="ORD-9",
                currency="GBP",
                total=38.95,
                shipping=3.95,
                coupon="WELCOME",
                products=[MUG, TEAPOT],
            ),
            "known_traits": {"email": "jane@example.com"},
        },
        sends=request(
            _line(**MUG_PARAMS, shipping_cost="3.95", custom={"coupon": "WELCOME", "order_total": 38.95}),
            _line(**TEAPOT_PARAMS, custom={"coupon": "WELCOME", "order_total": 38.95}),
            identifiers={"uuid": "user-123", "email": "jane@example.com"},
            attributes={"email": "jane@example.com"},
        ),
    ),
    Sample(
        "an order with all amounts, a line in another currency and fields of its own",
        event=_order(
            order_id=9001,
            currency="GBP",
            revenue="25.00",
            subtotal=20,
            tax=4,
            discount=1.5,
            promotion_name="Spring",
            promotion_discount=1.5,
            voucher_name="WELCOME",
            voucher_discount=0,
            affiliation="Web",
            products=[{**MUG, "currency": "eur", "variant": "blue", "coupon": "MUGS"}, {"sku": "S-3", "price": 5}],
        ),
        sends=request(
            event(
                "confirmation_page_view",
                event_group_id="9001",
                **{**MUG_PARAMS, "currency": "EUR"},
                promotion_name="Spring",
                promotion_discount=1.5,
                voucher_name="WELCOME",
                voucher_discount=0,
                custom={
                    "affiliation": "Web",
                    "order_revenue": 25.0,
                    "order_subtotal": 20,
                    "order_tax": 4,
                    "order_discount": 1.5,
                    "variant": "blue",
                    "coupon": "MUGS",
                },
            ),
            event(
                "confirmation_page_view",
                event_group_id="9001",
                product_id="S-3",
                currency="GBP",
                unit_price=5,
                unit_sale_price=5,
                quantity=1,
                custom={
                    "affiliation": "Web",
                    "order_revenue": 25.0,
                    "order_subtotal": 20,
                    "order_tax": 4,
                    "order_discount": 1.5,
                    "sku": "S-3",
                },
            ),
        ),
    ),
    Sample(
        "an order whose only product stands in the event itself",
        event=_order(order_id="ORD-9", currency="GBP", total=20, brand="Acme", **MUG),
        sends=request(_line(**MUG_PARAMS, custom={"order_total": 20, "brand": "Acme"})),
    ),
    Sample(
        "an order with a line of which no product is known",
        event=_order(order_id="ORD-9", currency="GBP", products=[{"name": "Gift", "price": 5, "quantity": "many"}]),
        sends=request(_line(name="Gift", currency="GBP", unit_price=5, unit_sale_price=5, quantity=1)),
        warns=(
            "products[0]: no product_id, sku or variant_id; Insider cannot tell which product it is.",
            "products[0].quantity is not a whole number of at least 1; it was left out.",
        ),
    ),
    Sample(
        "an order without currency",
        event=_order(order_id="ORD-9", total=10, products=[{"product_id": "SKU-1", "price": 10}]),
        refuses="missing_currency",
    ),
    Sample(
        "an order in a currency that is none",
        event=_order(order_id="ORD-9", currency="£", products=[{"product_id": "SKU-1", "price": 10}]),
        refuses="missing_currency",
    ),
    Sample(
        "an order with a line without price",
        event=_order(order_id="ORD-9", currency="GBP", products=[MUG, {"product_id": "SKU-2", "price": -1}]),
        refuses="missing_price",
    ),
    Sample(
        "an order without products",
        event=_order(order_id="ORD-9", currency="GBP", total=10),
        refuses="no_products",
    ),
    Sample(
        "an order without order id",
        event=_order(currency="GBP", products=[MUG]),
        refuses="missing_order_id",
    ),
    Sample(
        "a cart is viewed",
        event={
            "type": "track",
            "event": "Cart Viewed",
            "user_id": "user-123",
            "properties": {"cart_id": "C-7", "currency": "GBP", "coupon": "WELCOME", "products": [MUG, TEAPOT]},
        },
        sends=request(
            event("cart_page_view", event_group_id="C-7", **MUG_PARAMS, custom={"coupon": "WELCOME"}),
            event("cart_page_view", event_group_id="C-7", **TEAPOT_PARAMS, custom={"coupon": "WELCOME"}),
        ),
    ),
    Sample(
        "a cart without id",
        event={
            "type": "track",
            "event": "Cart Viewed",
            "message_id": "m-1",
            "user_id": "user-123",
            "properties": {"currency": "GBP", "products": [TEAPOT]},
        },
        sends=request(event("cart_page_view", event_group_id="m-1", **TEAPOT_PARAMS)),
    ),
    Sample(
        "an empty cart is viewed",
        event={"type": "track", "event": "Cart Viewed", "user_id": "user-123", "properties": {"products": []}},
        refuses="empty_cart",
    ),
    Sample(
        "a cart is cleared",
        event=track("Cart Cleared", cart_id="C-7"),
        sends=request(event("cart_cleared", custom={"cart_id": "C-7"})),
    ),
    Sample(
        "an order under the other name of purchases",
        event=_order(order_id="ORD-9", currency="GBP", products=[TEAPOT]),
        config={"purchase_event_name": "purchase"},
        sends=request(event("purchase", event_group_id="ORD-9", **TEAPOT_PARAMS)),
    ),
    Sample(
        "an order without products, as one line",
        event=_order(order_id="ORD-9", currency="GBP", total=120, revenue=100),
        config={"orders_without_products": True},
        sends=request(
            _line(
                product_id="ORD-9",
                currency="GBP",
                unit_price=100,
                unit_sale_price=100,
                quantity=1,
                custom={"order_total": 120, "order_revenue": 100},
            )
        ),
    ),
    Sample(
        "a checkout is started",
        event=track("Checkout Started", checkout_id="CH-1", order_id="ORD-9", currency="GBP", products=[MUG, TEAPOT]),
        sends=request(
            event("checkout_page_view", event_group_id="CH-1", **MUG_PARAMS, custom={"order_id": "ORD-9"}),
            event(
                "checkout_page_view",
                event_group_id="CH-1",
                **{name: value for name, value in TEAPOT_PARAMS.items() if name != "quantity"},
                custom={"order_id": "ORD-9"},
            ),
        ),
    ),
    Sample(
        "a step of a checkout is viewed",
        event=track("Checkout Step Viewed", checkout_id="CH-1", step=2, shipping_method="Express"),
        sends=request(
            event("checkout_page_view", event_group_id="CH-1", custom={"step": 2, "shipping_method": "Express"})
        ),
    ),
    Sample(
        "a line of an order is refunded",
        event=track("Order Refunded", order_id="ORD-9", currency="GBP", total=15, products=[TEAPOT]),
        sends=request(
            event(
                "order_refunded",
                event_group_id="ORD-9",
                **{name: value for name, value in TEAPOT_PARAMS.items() if name != "quantity"},
                custom={"order_id": "ORD-9", "order_total": 15},
            )
        ),
        warns=(OUTSIDE,),
    ),
    Sample(
        "an order is cancelled",
        event=track("Order Cancelled", order_id="ORD-9", total=15),
        sends=request(
            event("order_cancelled", event_group_id="ORD-9", custom={"order_id": "ORD-9", "order_total": 15})
        ),
        warns=(OUTSIDE,),
    ),
)
