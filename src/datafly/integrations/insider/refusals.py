"""Why an event is not sent to Insider, each reason in words for a person."""

from datafly.integrations.insider.words import MISSING_UUID
from datafly.model.verdict import Verdict
from datafly.spec.words import Refusal


def _rejected(reason: str, cause: str, cure: str) -> Refusal:
    return Refusal(Verdict.REJECTED, reason, cause=cause, cure=cure)


def _skipped(reason: str, cause: str, cure: str) -> Refusal:
    return Refusal(Verdict.SKIPPED, reason, cause=cause, cure=cure)


NO_UUID = Refusal(Verdict.SKIPPED, "missing_uuid", hint=MISSING_UUID)
NO_IDENTIFIER = _skipped(
    "no_identifier",
    "Nothing says who it is: no user id, no e-mail address, no phone number and no anonymous id that may be sent.",
    "Call datafly.identify() when the user logs in, or send anonymousId, userId or traits.email with the event.",
)
NO_PREVIOUS_ID = _skipped(
    "missing_previous_id",
    "The previous id is a placeholder, which identifies nobody.",
    "Send the id by which the user was known before as previousId.",
)
TOO_OLD = _skipped(
    "older_than_retention",
    "Insider does not write events that are older than it keeps them: purchases 730 days, sign-ups 365, others 90.",
    "Nothing; import older events as attributes, e.g. the date of the last order.",
)
PAGES_OFF = _skipped(
    "page_mode_off",
    "The setting page_mode is off, so page and screen calls are not sent.",
    "Nothing; or set page_mode to page_view or auto.",
)
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
NO_CART_LINES = _skipped(
    "empty_cart",
    "The cart is empty, and Insider's cart_page_view is about products.",
    "Nothing, if the cart was empty; else send products.",
)
RESERVED = _skipped(
    "reserved_event",
    "Insider makes events of this name itself; one that is sent would count among its own.",
    "Nothing, if it comes from a tool that watches sessions or messages. Else give the event another name.",
)
NO_NAME = _rejected(
    "unusable_event_name",
    "Insider's event names are made of a-z, 0-9 and underscores; nothing of this name is left.",
    "Give the event a name with Latin letters or digits.",
)
NO_GROUP = _rejected(
    "missing_group_id",
    "The call names no group: groupId is missing.",
    "Send groupId with every group call.",
)
NO_ATTRIBUTES = _skipped(
    "no_attributes",
    "An upsert must carry an attribute or an event; this identify has no traits, and none are known of the user.",
    "Nothing; the user appears at Insider with her first trait or event. Send traits, e.g. email, to have her at once.",
)
CONSENT_UNCHANGED = _skipped(
    "consent_unchanged",
    "The visitor had chosen the same before; it went out then, or goes with the next event.",
    "Nothing.",
)
