"""Events → Insider's users, attributes and events (contracts/insider.md §3 and §10.2)."""

from datafly.integrations.insider.words import MISSING_UUID
from datafly.model.verdict import Verdict
from datafly.spec.consenting import consent, consents, if_changed
from datafly.spec.convert import (
    amount,
    amount_text,
    currency,
    email,
    event_name,
    identifier,
    phone,
    quantity,
    taxonomy,
    text,
)
from datafly.spec.integration import ANY, WITHDRAWN, IdentityRow, Lines, Rule
from datafly.spec.nodes import const, first, first_line, merged, obj, path, required, unless, wanted
from datafly.spec.parts import by_setting, each_line, identified, params, rule_event_name
from datafly.spec.rest import rest
from datafly.spec.words import Refusal


def _rejected(reason: str, cause: str, cure: str) -> Refusal:
    return Refusal(Verdict.REJECTED, reason, cause=cause, cure=cure)


NO_PRODUCT_ID = _rejected(
    "missing_product_id",
    "The event names no product: product_id, sku and variant_id are all missing.",
    "Send product_id, as it stands in the product catalogue at Insider.",
)
NO_ORDER_ID = _rejected(
    "missing_order_id",
    "Insider ties the lines of an order together by event_group_id, which is the order_id; it is missing.",
    "Send order_id with every Order Completed.",
)
NO_CURRENCY = _rejected(
    "missing_currency",
    "Insider needs a currency for every line; neither the line nor the event has one of three letters (ISO 4217).",
    "Send currency with the event, e.g. EUR.",
)
NO_PRICE = _rejected(
    "missing_price",
    "Insider needs unit_sale_price for every line; the line has no price that is a number and not negative.",
    "Send the price paid per unit as price.",
)
NO_ORDER_LINES = _rejected(
    "no_products",
    "Insider builds revenue from lines, and the order has none: products is missing or empty.",
    "Send products with product_id, price and quantity, or product_id and price of the only product with the event.",
)
NO_CART_LINES = Refusal(
    Verdict.SKIPPED,
    "empty_cart",
    "The cart is empty, and Insider's cart_page_view is about products.",
    "Nothing, if the cart was empty; else send products.",
)
NO_NAME = _rejected(
    "unusable_event_name",
    "Insider's event names are made of a-z, 0-9 and underscores; nothing of this name is left.",
    "Give the event a name with Latin letters or digits.",
)
NO_ATTRIBUTES = Refusal(
    Verdict.SKIPPED,
    "no_attributes",
    "An upsert must carry an attribute or an event; this identify has no traits, and none are known of the user.",
    "Nothing; the user appears at Insider with her first trait or event. Send traits, e.g. email, to have her at once.",
)

CONSENT_UNCHANGED = Refusal(
    Verdict.SKIPPED,
    "consent_unchanged",
    "The visitor had chosen the same before; it went out then, or goes with the next event.",
    "Nothing.",
)

# Recommended blocked values of Insider's Identity Resolution Management (contracts/insider.md §3.3).
BLOCKED = ("undefined", "anonymous", "0", "1", "null")

IDENTITY = (
    IdentityRow(
        "uuid",
        "user_id from datafly.identify()",
        "Your stable customer ID. Used to key the Insider user.",
        unless(identifier(path("user_id")), BLOCKED),
        required=Refusal(Verdict.SKIPPED, "missing_uuid", hint=MISSING_UUID),
    ),
    IdentityRow(
        "email",
        "traits.email",
        "Stored in identifiers.email. Used for cross-channel resolution.",
        email(path("traits.email")),
    ),
    IdentityRow(
        "phone_number",
        "traits.phone",
        "E.164 format. Stored in identifiers.phone_number.",
        first(phone(path("traits.phone")), phone(path("traits.phone_number")), phone(path("traits.phoneNumber"))),
    ),
    IdentityRow("custom.*", "traits.*", "Additional traits are mapped to Insider custom attributes."),
)
NEVER_CUSTOM = ("uuid", "user_id", "userId", "email", "phone", "phone_number", "phoneNumber")
"""Identifiers; Insider refuses or doubles a user whose identifiers differ between two places."""

# Sent in both places: a type that is not enabled as an identifier stays an attribute (contracts/insider.md §3.3).
CONTACT = {"email": identified("email"), "phone_number": identified("phone_number")}

# What the visitor chose goes with every user that is sent (contracts/insider.md §6; decision 0035).
GDPR_OPTIN = by_setting("forward_consent", gdpr_optin=consent("marketing"))
CONSENTS = by_setting("forward_consent", custom_attributes=consents("consent_"))

IDENTIFY = obj(
    identifiers=identified(),
    attributes=required(
        obj(CONTACT, gdpr_optin=GDPR_OPTIN, custom=merged(rest("traits", NEVER_CUSTOM), CONSENTS)), NO_ATTRIBUTES
    ),
    not_append=const(value=True),
)
CONSENT = obj(
    identifiers=identified(),
    attributes=merged(
        obj(CONTACT),
        required(
            obj(gdpr_optin=if_changed(GDPR_OPTIN, "marketing"), custom=if_changed(CONSENTS)),
            CONSENT_UNCHANGED,
        ),
    ),
    not_append=const(value=True),
)
# No more than must be told: the key of the user, and what she chose.
WITHDRAWAL = obj(
    identifiers=obj(uuid=identified("uuid")),
    attributes=required(obj(gdpr_optin=GDPR_OPTIN, custom=CONSENTS), CONSENT_UNCHANGED),
    not_append=const(value=True),
)
EVENT = obj(
    identifiers=identified(),
    attributes=obj(CONTACT, gdpr_optin=GDPR_OPTIN, custom=CONSENTS),
    not_append=const(value=True),
    events=each_line(
        obj(
            event_name=required(rule_event_name(), NO_NAME),
            timestamp=path("timestamp"),
            event_params=params(),
        )
    ),
)

PRODUCT_ID = first(text(path("line.product_id")), text(path("line.sku")), text(path("line.variant_id")))
CURRENCY = first(currency(path("line.currency")), currency(path("properties.currency")))
PAID = amount(path("line.price"))
PRODUCT = {
    "product_id": PRODUCT_ID,
    "name": text(path("line.name")),
    "taxonomy": taxonomy(path("line.category")),
    "currency": CURRENCY,
    "unit_price": first(amount(path("line.list_price")), PAID),
    "unit_sale_price": PAID,
    "quantity": quantity(path("line.quantity")),
    "url": text(path("line.url")),
    "product_image_url": text(path("line.image_url")),
    "color": text(path("line.color")),
    "size": text(path("line.size")),
}
LINE = {
    **PRODUCT,
    "product_id": wanted(PRODUCT_ID, "no product_id, sku or variant_id; Insider cannot tell which product it is."),
    "currency": required(CURRENCY, NO_CURRENCY),
    "unit_sale_price": required(PAID, NO_PRICE),
    "quantity": first(quantity(path("line.quantity")), const(1)),
}
OF_PRODUCT = (
    *("product_id", "name", "category", "currency", "list_price", "price", "quantity"),
    *("url", "image_url", "color", "size"),
)
"""What a line's own parameters are made of; the rest of it is custom."""

# There is no parameter for totals: on every line as custom ones (contracts/insider.md §10.2, line-item rules).
TOTALS = ("total", "revenue", "subtotal", "tax", "discount")
# On the first line only, so that a sum over lines is not multiplied (ours, ibid.).
ORDER_AMOUNTS = {
    "shipping_cost": first_line(amount_text(path("properties.shipping"))),
    "promotion_name": first_line(text(path("properties.promotion_name"))),
    "promotion_discount": first_line(amount(path("properties.promotion_discount"))),
    "voucher_name": first_line(text(path("properties.voucher_name"))),
    "voucher_discount": first_line(amount(path("properties.voucher_discount"))),
}
OF_ORDER = (
    *("order_id", "products", "currency", "shipping", *TOTALS),
    *("promotion_name", "promotion_discount", "voucher_name", "voucher_discount"),
)


# An event that is sent under Insider's own name, e.g. confirmation_page_view, comes with Insider's own parameters.
NATIVE = {
    "unit_sale_price": "price",
    "unit_price": "list_price",
    "taxonomy": "category",
    "product_image_url": "image_url",
    "event_group_id": "cart_id",
}
ALONE = (*(name for name in OF_PRODUCT if name != "currency"), "sku", "variant_id", "variant", "brand")
ALONE_IF = ("product_id", "price")


def _single(event: str, name: str, note: str) -> Rule:
    """An event about one product, which must be known."""
    product = {**PRODUCT, "product_id": required(PRODUCT_ID, NO_PRODUCT_ID)}
    custom = rest("properties", (*OF_PRODUCT, "cart_id", "products"))
    group = {"event_group_id": text(path("properties.cart_id"))}
    params = obj({**group, **product}, custom=custom)
    return Rule(event, name, note, name, params, ignores=("products",), native=NATIVE)


PAGE_PARAMS = obj(
    url=text(path("properties.url", "context.page.url")),
    referrer=text(path("properties.referrer", "context.page.referrer")),
    custom=merged(
        obj(
            title=text(path("properties.title", "context.page.title")),
            name=text(path("name", "properties.name")),
            path=text(path("properties.path", "context.page.path")),
        ),
        rest("properties", ("url", "referrer", "title", "name", "path")),
    ),
)
VIEW_PARAMS = obj(
    {**PRODUCT, "product_id": required(PRODUCT_ID, NO_PRODUCT_ID)},
    url=text(path("line.url", "context.page.url")),
    referrer=text(path("properties.referrer", "context.page.referrer")),
    custom=rest("properties", (*OF_PRODUCT, "referrer", "products")),
)
ORDER_PARAMS = obj(
    {
        "event_group_id": required(text(path("properties.order_id")), NO_ORDER_ID),
        **LINE,
        **ORDER_AMOUNTS,
    },
    custom=merged(
        rest("properties", OF_ORDER),
        obj({f"order_{name}": amount(path(f"properties.{name}")) for name in TOTALS}),
        rest("line", OF_PRODUCT),
    ),
)
CART_PARAMS = obj(
    # The message id is the same on every retry (contracts/insider.md §10.2, row Cart Viewed).
    {"event_group_id": text(path("properties.cart_id", "message_id")), **LINE},
    custom=merged(
        rest("properties", ("cart_id", "products", "currency")),
        rest("line", OF_PRODUCT),
    ),
)
LIST_PARAMS = obj(
    taxonomy=taxonomy(path("properties.category")),
    url=text(path("properties.url", "context.page.url")),
    referrer=text(path("properties.referrer", "context.page.referrer")),
    custom=rest("properties", ("category", "url", "referrer", "products")),
)

RULES = (
    Rule("page", "page_view event", "Sent via Unification API events array.", "page_view", PAGE_PARAMS),
    Rule(
        "Product Viewed",
        "product_detail_page_view",
        "Includes product ID and name.",
        "product_detail_page_view",
        VIEW_PARAMS,
        ignores=("products",),
        native=NATIVE,
    ),
    Rule(
        "Order Completed",
        "confirmation_page_view",
        "Mapped to Insider’s purchase event with total, currency.",
        "confirmation_page_view",
        ORDER_PARAMS,
        lines=Lines(
            path("properties.products"),
            NO_ORDER_LINES,
            alone=ALONE,
            alone_if=ALONE_IF,
        ),
        native={**NATIVE, "event_group_id": "order_id"},
    ),
    Rule("identify", "User upsert", "Identifiers + attributes sent to /api/user/v1/upsert.", body=IDENTIFY),
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
        "With whatever event a known user withdraws consent for marketing: the uuid + what she chose, nothing else. It "
        "is sent although that consent is denied now.",
        body=WITHDRAWAL,
        off=("forward_consent", "off"),
    ),
    Rule(
        "Product List Viewed",
        "listing_page_view",
        "The category as taxonomy; the products of the list are not sent.",
        "listing_page_view",
        LIST_PARAMS,
        ignores=("products",),
        native=NATIVE,
    ),
    _single("Product Added", "item_added_to_cart", "One product; cart_id, if given, as event_group_id."),
    _single("Product Removed", "item_removed_from_cart", "One product; cart_id, if given, as event_group_id."),
    Rule(
        "Cart Viewed",
        "cart_page_view",
        "One event per line; cart_id, else the message id, as event_group_id.",
        "cart_page_view",
        CART_PARAMS,
        lines=Lines(path("properties.products"), NO_CART_LINES, alone=ALONE, alone_if=ALONE_IF),
        native=NATIVE,
    ),
    Rule(
        ANY,
        "custom event",
        "The name in lower case with underscores, e.g. newsletter_signed_up; all properties as custom parameters. "
        "Register the event at Insider to see it there.",
        event_name(path("event")),
        obj(custom=rest("properties")),
    ),
)
