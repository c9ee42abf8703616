"""Which event becomes what at Insider, row by row (contracts/insider.md §10.2; what it has no row for is ours)."""

from datafly.integrations.insider.identity import ALIAS, MERGE_AHEAD
from datafly.integrations.insider.pages import PAGE_NAME, PAGE_PARAMS
from datafly.integrations.insider.places import OWN_EVENT
from datafly.integrations.insider.products import (
    ALONE,
    ALONE_IF,
    LINE,
    NATIVE,
    NATIVE_ORDER,
    ONE_PRODUCT,
    ORDER_AMOUNTS,
    PRODUCT,
    REST_OF_LINE,
    TOTALS,
    rest_of_event,
)
from datafly.integrations.insider.refusals import NO_CART_LINES, NO_ORDER_ID, NO_ORDER_LINES
from datafly.integrations.insider.taxonomy import (
    CUSTOM_DAYS,
    PAGE_DAYS,
    PURCHASE_DAYS,
    SIGN_UP_DAYS,
    custom_params,
    own_event,
)
from datafly.integrations.insider.users import CONSENT, GROUP, IDENTIFY, WITHDRAWAL
from datafly.spec.convert import taxonomy, text
from datafly.spec.integration import ANY, WITHDRAWN, Lines, Rule
from datafly.spec.nodes import Node, const, merged, obj, path, required
from datafly.spec.parts import by_setting
from datafly.spec.rest import rest

PRODUCTS = path("properties.products")
PLAIN = obj(custom=custom_params(rest("properties", unread="c_")))
"""Of events that Insider gives no parameters of its own."""

VIEW_PARAMS = obj(
    ONE_PRODUCT,
    url=text(path("line.url", "context.page.url")),
    referrer=text(path("properties.referrer", "context.page.referrer")),
    custom=custom_params(rest_of_event()),
)
ONE_PARAMS = obj(
    {"event_group_id": text(path("properties.cart_id")), **ONE_PRODUCT}, custom=custom_params(rest_of_event())
)
LIST_PARAMS = obj(
    taxonomy=taxonomy(path("properties.category")),
    url=text(path("properties.url", "context.page.url")),
    referrer=text(path("properties.referrer", "context.page.referrer")),
    custom=custom_params(rest_of_event()),
)
ORDER_PARAMS = obj(
    {"event_group_id": required(text(path("properties.order_id")), NO_ORDER_ID), **LINE, **ORDER_AMOUNTS},
    custom=custom_params(merged(rest_of_event(), TOTALS, REST_OF_LINE)),
)
CART_PARAMS = obj(
    # The message id is the same on every retry (contracts/insider.md §10.2, row Cart Viewed).
    {"event_group_id": text(path("properties.cart_id", "message_id")), **LINE},
    custom=custom_params(merged(rest_of_event(), REST_OF_LINE)),
)
CHECKOUT_PARAMS = obj(
    {"event_group_id": text(path("properties.checkout_id", "properties.order_id", "properties.cart_id")), **PRODUCT},
    custom=custom_params(merged(rest_of_event("order_id", "cart_id"), REST_OF_LINE)),
)
TAKEN_BACK_PARAMS = obj(
    {"event_group_id": text(path("properties.order_id")), **PRODUCT},
    custom=custom_params(merged(rest_of_event("order_id"), TOTALS, REST_OF_LINE)),
)


def _single(event: str, name: str | Node, note: str, concept: str = "", names: tuple[str, ...] = ()) -> Rule:
    """An event about one product, which must be known."""
    return Rule(
        event,
        concept or str(name),
        note,
        name,
        ONE_PARAMS,
        ignores=("products",),
        native=NATIVE,
        names=names,
        kept_days=PAGE_DAYS,
    )


def _list(event: str, note: str) -> Rule:
    name = "listing_page_view" if event == "Product List Viewed" else const("listing_page_view")
    return Rule(
        event, "listing_page_view", note, name, LIST_PARAMS, ignores=("products",), native=NATIVE, kept_days=PAGE_DAYS
    )


def _checkout(event: str, note: str) -> Rule:
    name = "checkout_page_view" if event == "Checkout Started" else const("checkout_page_view")
    lines = Lines(PRODUCTS, alone=ALONE, alone_if=("product_id",))
    return Rule(
        event,
        "checkout_page_view",
        note,
        name,
        CHECKOUT_PARAMS,
        lines=lines,
        native={**NATIVE, "event_group_id": "checkout_id"},
        kept_days=PAGE_DAYS,
    )


def _taken_back(event: str, name: str) -> Rule:
    note = f"As {name}: one event per line, or one without; order_id as event_group_id."
    lines = Lines(PRODUCTS, alone=ALONE, alone_if=("product_id",))
    return Rule(event, "custom event", note, own_event(name), TAKEN_BACK_PARAMS, lines=lines, kept_days=CUSTOM_DAYS)


def _wishlist(event: str, standard: str, note: str) -> Rule:
    """Insider's documents show these events by their display names only (contracts/insider.md §3.5.3)."""
    own = event.lower().replace(" ", "_")
    name = by_setting("wishlist_events", standard=const(standard), custom=own_event(own))
    if event.startswith("Product"):
        return _single(event, name, note, standard, (standard,))
    return Rule(event, standard, note, name, PLAIN, names=(standard,), kept_days=PAGE_DAYS)


# The four rows of the product's page come first and say what it says.
DOCUMENTED = (
    Rule(
        "page",
        "page_view event",
        "Sent via Unification API events array.",
        PAGE_NAME,
        PAGE_PARAMS,
        names=("page_view",),
        kept_days=PAGE_DAYS,
    ),
    Rule(
        "Product Viewed",
        "product_detail_page_view",
        "Includes product ID and name.",
        "product_detail_page_view",
        VIEW_PARAMS,
        ignores=("products",),
        native=NATIVE,
        kept_days=PAGE_DAYS,
    ),
    Rule(
        "Order Completed",
        "confirmation_page_view",
        "Mapped to Insider’s purchase event with total, currency.",
        by_setting(
            "purchase_event_name",
            confirmation_page_view=const("confirmation_page_view"),
            purchase=const("purchase"),
        ),
        ORDER_PARAMS,
        lines=Lines(
            PRODUCTS,
            NO_ORDER_LINES,
            alone=ALONE,
            alone_if=ALONE_IF,
            stand_in={"product_id": ("order_id",), "price": ("revenue", "total")},
            stand_in_if="orders_without_products",
        ),
        native=NATIVE_ORDER,
        names=("confirmation_page_view",),
        kept_days=PURCHASE_DAYS,
    ),
    Rule(
        "identify",
        "User upsert",
        "Identifiers + attributes sent to /api/user/v1/upsert.",
        body=IDENTIFY,
        ahead=MERGE_AHEAD,
    ),
)
USERS = (
    Rule(
        "consent",
        "User upsert",
        "Identifiers + what the visitor chose, when she changes it.",
        body=CONSENT,
        off=("forward_consent", "off"),
    ),
    Rule(
        WITHDRAWN,
        "User upsert",
        "With whatever event a known user, or a visitor who is sent by anonymous_events, withdraws consent for "
        "marketing: her identifier + what she chose, nothing else. It is sent although that consent is denied now.",
        body=WITHDRAWAL,
        off=("forward_consent", "off"),
    ),
    Rule(
        "group",
        "User upsert",
        "The group as custom attributes of the user: group_id, and its traits, e.g. group_name.",
        body=GROUP,
    ),
    Rule(
        "alias",
        "Identity update",
        "The previous id's uuid becomes the user's, sent to /api/user/v1/identity. A server that names no anonymousId "
        "sends events of the new id some seconds later, or they may be first, and Insider has a user of it already.",
        body=ALIAS,
        route="identity",
    ),
)
SHOPPING = (
    Rule(
        "screen",
        "page_view event",
        "A screen of an app is sent as a page is.",
        PAGE_NAME,
        PAGE_PARAMS,
        kept_days=PAGE_DAYS,
    ),
    _list("Product List Viewed", "The category as taxonomy; the products of the list are not sent."),
    _list("Product List Filtered", "As Product List Viewed; filters and sorts as custom parameters."),
    _single("Product Added", "item_added_to_cart", "One product; cart_id, if given, as event_group_id."),
    _single("Product Removed", "item_removed_from_cart", "One product; cart_id, if given, as event_group_id."),
    Rule(
        "Cart Viewed",
        "cart_page_view",
        "One event per line; cart_id, else the message id, as event_group_id.",
        "cart_page_view",
        CART_PARAMS,
        lines=Lines(PRODUCTS, NO_CART_LINES, alone=ALONE, alone_if=ALONE_IF),
        native=NATIVE,
        kept_days=PAGE_DAYS,
    ),
    Rule(
        "Cart Cleared", "cart_cleared", "Properties as custom parameters.", "cart_cleared", PLAIN, kept_days=PAGE_DAYS
    ),
    _checkout("Checkout Started", "One event per line; checkout_id, else order_id or cart_id, as event_group_id."),
    _checkout("Checkout Step Viewed", "As Checkout Started; without products one event, the step as custom parameter."),
    _taken_back("Order Refunded", "order_refunded"),
    _taken_back("Order Cancelled", "order_cancelled"),
    _wishlist("Product Added to Wishlist", "item_added_to_wishlist", "One product."),
    _wishlist("Product Removed from Wishlist", "item_removed_from_wishlist", "One product."),
    _wishlist("Wishlist Viewed", "wishlist_page_view", "Properties as custom parameters."),
    _wishlist("Wishlist Cleared", "wishlist_cleared", "Properties as custom parameters."),
)
OTHERS = (
    Rule(
        "Signed Up",
        "sign_up_confirmation",
        "Also User Registered and Account Created; method etc. as custom parameters.",
        "sign_up_confirmation",
        PLAIN,
        kept_days=SIGN_UP_DAYS,
    ),
    Rule("Signed In", "custom event", "As login.", own_event("login"), PLAIN, kept_days=CUSTOM_DAYS),
    Rule(
        "Products Searched",
        "custom event",
        "As products_searched, the query as custom parameter; the products found are not sent.",
        own_event("products_searched"),
        PLAIN,
        ignores=("products",),
        kept_days=CUSTOM_DAYS,
    ),
    Rule(
        ANY,
        "custom event",
        "The name in lower case with underscores, e.g. newsletter_signed_up; all properties as custom parameters. "
        "Register the event at Insider to see it there.",
        OWN_EVENT,
        PLAIN,
        kept_days=CUSTOM_DAYS,
    ),
)
RULES = (*DOCUMENTED, *USERS, *SHOPPING, *OTHERS)
