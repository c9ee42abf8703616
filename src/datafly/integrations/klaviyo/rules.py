"""Which event becomes what at Klaviyo (§1.9; what it has no row for is ours)."""

from typing import Any

from datafly.integrations.klaviyo.events import IN_TIME, OWN_EVENT, OWN_NAME, WHO, event
from datafly.integrations.klaviyo.places import ORDERED as ORDERED_KEY
from datafly.integrations.klaviyo.products import (
    ADDED,
    ALL_BRANDS,
    ALL_CATEGORIES,
    CHECKOUT_URL,
    CURRENCY,
    ID,
    ITEM_NAMES,
    ORDER_CURRENCY,
    ORDERED,
    ROW_TOTAL,
    TOTAL,
    VIEWED,
    items,
)
from datafly.integrations.klaviyo.refusals import PAGES_OFF
from datafly.integrations.klaviyo.users import GROUP, PROFILE, SUBSCRIBE, UNSUBSCRIBE, WITHDRAWAL
from datafly.spec.choices import refused
from datafly.spec.combine import joined, line_number
from datafly.spec.convert import amount, text
from datafly.spec.integration import ANY, WITHDRAWN, Lines, More, Rule
from datafly.spec.nodes import Node, const, first, merged, obj, path
from datafly.spec.parts import by_setting, each_line
from datafly.spec.rest import rest

_LINES = Lines(path("properties.products"))
_OF_LINE = rest("line", keep=("variant_id",))
# One order is one event, whoever tells it and however often; without a number it is what the message is (§1.9).
ORDER_ID = text(path("properties.order_id"))
_ORDER_KEY = first(ORDER_ID, path("message_id"))


def _order(**more: Node) -> Node:
    return merged(
        rest("properties", keep=("revenue",)),
        obj(
            OrderId=ORDER_ID,
            ItemNames=ITEM_NAMES,
            Categories=ALL_CATEGORIES,
            Brands=ALL_BRANDS,
            DiscountCode=text(path("properties.coupon")),
            DiscountValue=amount(path("properties.discount")),
            **more,
            Items=items(_OF_LINE),
        ),
    )


ORDERED_PRODUCT = each_line(
    event(
        merged(_OF_LINE, obj({"OrderId": ORDER_ID, **ORDERED})),
        name=const("Ordered Product"),
        value=ROW_TOTAL,
        currency=CURRENCY,
        unique=joined(":", _ORDER_KEY, first(ID, const("")), line_number()),
    )
)


def _rule(event_name: str, name: str, note: str, body: Node, **more: Any) -> Rule:
    # A node, by which the rule is not known: who sends Klaviyo's own names sends Klaviyo's own properties.
    return Rule(event_name, name, note, const(name), body=body, group=WHO, gates=(IN_TIME,), **more)


_VIEWED = event(merged(rest("properties"), obj(VIEWED)))
_ADDED = event(merged(rest("properties"), obj(ADDED)), value=first(TOTAL, ROW_TOTAL), currency=CURRENCY)
_CHECKOUT = event(
    merged(
        rest("properties"),
        obj(ItemNames=ITEM_NAMES, CheckoutURL=CHECKOUT_URL, Categories=ALL_CATEGORIES, Items=items(_OF_LINE)),
    ),
    value=TOTAL,
    currency=ORDER_CURRENCY,
)
_TAKEN_BACK = event(
    _order(Reason=text(path("properties.reason", "properties.cancel_reason"))), value=TOTAL, currency=ORDER_CURRENCY
)
_PLACED = event(_order(), value=TOTAL, currency=ORDER_CURRENCY, unique=_ORDER_KEY)

SHOPPING = (
    _rule("Product Viewed", "Viewed Product", "With ProductName, ProductID, Categories, Price etc.", _VIEWED),
    _rule("Product Clicked", "Viewed Product", "As Product Viewed.", _VIEWED),
    _rule("Product Added", "Added to Cart", "With AddedItem… and the price as value.", _ADDED),
    _rule("Checkout Started", "Started Checkout", "With Items and the total as value.", _CHECKOUT, lines=_LINES),
    _rule(
        "Order Completed",
        "Placed Order",
        "The whole order with its total as value, and one Ordered Product for each line.",
        _PLACED,
        lines=_LINES,
        more=(More(by_setting("ordered_products", true=ORDERED_PRODUCT), spread=True, key=ORDERED_KEY),),
    ),
    _rule("Order Cancelled", "Cancelled Order", "As Placed Order, with Reason.", _TAKEN_BACK, lines=_LINES),
    _rule("Order Refunded", "Refunded Order", "As Placed Order, with Reason.", _TAKEN_BACK, lines=_LINES),
)


def _page(event_type: str, name: str, note: str) -> Rule:
    chosen = by_setting(
        "pages", viewed_page=const(name), active_on_site=const("Active on Site"), skip=refused(PAGES_OFF)
    )
    page = obj(
        name=first(text(path("name")), text(path("properties.name"))),
        title=text(path("properties.title", "context.page.title")),
        url=text(path("properties.url", "context.page.url")),
        referrer=text(path("properties.referrer", "context.page.referrer")),
    )
    body = event(merged(rest("properties"), page))
    return Rule(event_type, name, note, chosen, body=body, group=WHO, gates=(IN_TIME,))


USERS = (
    Rule(
        "identify",
        "Profile",
        "Creates or updates the profile. History goes by bulk import. Opt-ins and opt-outs that are told anew also "
        "subscribe and unsubscribe.",
        body=PROFILE,
        route="profiles",
        historical_route="history",
        more=(More(SUBSCRIBE, "subscribe"), More(UNSUBSCRIBE, "unsubscribe")),
    ),
    Rule(
        "group",
        "Profile",
        "The group as custom properties group_id and group_…, its name as organization.",
        body=GROUP,
        route="profiles",
        historical_route="history",
    ),
    Rule(
        WITHDRAWN,
        "Unsubscribe",
        "With on_withdrawal: unsubscribe, whoever withdraws consent for marketing is unsubscribed from e-mail and SMS, "
        "as far as her address and number are known; nothing else is sent.",
        body=WITHDRAWAL,
        route="unsubscribe",
        off=("on_withdrawal", "nothing"),
    ),
)
RULES = (
    _page("page", "Viewed Page", "Klaviyo documents no metric for pages that a server sends; the name is ours."),
    *SHOPPING,
    *USERS,
    _page("screen", "Viewed Screen", "A screen of an app, as a page."),
    Rule(
        ANY,
        "the event's own name",
        "Its properties as they were sent; value, else revenue or total, as value.",
        OWN_NAME,
        body=OWN_EVENT,
        group=WHO,
        gates=(IN_TIME,),
    ),
)
