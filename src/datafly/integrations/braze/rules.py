"""Which event becomes what at Braze (§2.6, §2.7; what they have no row for is ours)."""

from datafly.integrations.braze.events import OWN_EVENT, OWN_NAME, event, fitting
from datafly.integrations.braze.identity import IDENTIFY_AHEAD
from datafly.integrations.braze.products import CANCELLED, CHECKOUT, PLACED, PURCHASES, REFUNDED, VIEWED, cart
from datafly.integrations.braze.refusals import NO_PRODUCTS, PAGES_OFF
from datafly.integrations.braze.users import ATTRIBUTES, GROUP, MERGE, TOLD_BESIDE, WITHDRAWAL
from datafly.spec.choices import refused
from datafly.spec.convert import text
from datafly.spec.integration import ANY, WITHDRAWN, Lines, More, Rule
from datafly.spec.nodes import Node, const, first, merged, obj, path
from datafly.spec.parts import by_setting
from datafly.spec.whole import whole

_EVENTS, _PURCHASES = "events", "purchases"
_BESIDE = More(TOLD_BESIDE, part="attributes")
"""What an event tells of the user, in context.traits."""
_LINES = Lines(path("properties.products"), NO_PRODUCTS)


def _order(event_name: str, name: str, note: str, body: Node) -> Rule:
    # A node, by which the rule is not known: who sends Braze's own names sends Braze's own properties.
    return Rule(event_name, name, note, const(name), body=body, part=_EVENTS, lines=_LINES, more=(_BESIDE,))


def _cart(event_name: str, action: str) -> Rule:
    return Rule(
        event_name,
        "ecommerce.cart_updated",
        f"The one product with action: {action}; with carts: custom, the event under its own name.",
        by_setting("carts", recommended=const("ecommerce.cart_updated"), custom=const(event_name)),
        body=by_setting("carts", recommended=cart(action), custom=OWN_EVENT),
        part=_EVENTS,
        more=(_BESIDE,),
    )


SHOPPING = (
    Rule(
        "Product Viewed",
        "ecommerce.product_viewed",
        "With product_id, product_name, variant_id, price and currency; all else as metadata.",
        const("ecommerce.product_viewed"),
        body=VIEWED,
        part=_EVENTS,
        more=(_BESIDE,),
    ),
    _cart("Product Added", "add"),
    _cart("Product Removed", "remove"),
    _order("Checkout Started", "ecommerce.checkout_started", "With its products and total_value.", CHECKOUT),
    Rule(
        "Order Completed",
        "ecommerce.order_placed",
        "With its products, total_value and discounts; with orders: purchases, one purchase for each product instead.",
        const("ecommerce.order_placed"),
        body=by_setting("orders", recommended=PLACED),
        part=_EVENTS,
        lines=_LINES,
        more=(More(by_setting("orders", purchases=PURCHASES), part=_PURCHASES, spread=True), _BESIDE),
    ),
    _order(
        "Order Refunded", "ecommerce.order_refunded", "With the products and the total that were refunded.", REFUNDED
    ),
    _order("Order Cancelled", "ecommerce.order_cancelled", "As ecommerce.order_placed, with cancel_reason.", CANCELLED),
)


def _page(event_type: str, name: str, note: str) -> Rule:
    own = first(text(path("name")), text(path("properties.name")), const(name))
    chosen = by_setting("pages", page_viewed=const(name), own_name=own, skip=refused(PAGES_OFF))
    page = obj(
        name=first(text(path("name")), text(path("properties.name"))),
        title=text(path("properties.title", "context.page.title")),
        url=text(path("properties.url", "context.page.url")),
        referrer=text(path("properties.referrer", "context.page.referrer")),
    )
    return Rule(event_type, name, note, chosen, body=event(fitting(merged(whole("properties"), page))), part=_EVENTS)


USERS = (
    Rule(
        "identify",
        "Attributes",
        "Creates or updates the profile. A visitor who becomes known by it is identified first: her alias is given to "
        "the user. Opt-ins that are told anew also subscribe and unsubscribe.",
        body=ATTRIBUTES,
        part="attributes",
        ahead=IDENTIFY_AHEAD,
    ),
    Rule(
        "group",
        "Attributes",
        "The group as custom attributes group_id and group_….",
        body=GROUP,
        part="attributes",
    ),
    Rule(
        "alias",
        "Merge",
        "The profile of the previous id is merged into that of the user; where it may be a visitor's, she is "
        "identified before.",
        body=MERGE,
        route="merge",
        ahead=IDENTIFY_AHEAD,
    ),
    Rule(
        WITHDRAWN,
        "Attributes",
        "With on_withdrawal: unsubscribe, email_subscribe and push_subscribe of whoever withdraws consent for "
        "marketing become unsubscribed, if Braze knows her; nothing else is sent.",
        body=WITHDRAWAL,
        part="attributes",
        off=("on_withdrawal", "nothing"),
    ),
)
RULES = (
    _page("page", "Page Viewed", "With name, title, url and referrer."),
    *SHOPPING,
    *USERS,
    _page("screen", "Screen Viewed", "A screen of an app, as a page."),
    Rule(
        ANY,
        "custom event of its own name",
        "With its properties as they were sent, but for names and texts that Braze does not take.",
        OWN_NAME,
        body=OWN_EVENT,
        part=_EVENTS,
        more=(_BESIDE,),
    ),
)
