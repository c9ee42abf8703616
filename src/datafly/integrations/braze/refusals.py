"""Why an event is not sent to Braze (contracts/klaviyo-braze-movable-ink-webhook.md §2.3, §2.6)."""

from datafly.model.verdict import Verdict
from datafly.spec.words import Refusal

_SCHEMA = "Braze checks its recommended events against a schema and refuses them without it."

NO_USER = Refusal(
    Verdict.SKIPPED,
    "no_identifier",
    "Braze needs a user id, an anonymous id or an e-mail address, and none of them may be sent.",
    "Call datafly.identify() when the user logs in, or send anonymousId or traits.email with the event.",
)
NO_NAME = Refusal(
    Verdict.REJECTED,
    "missing_event_name",
    "The event has no name, and Braze has no custom event without one.",
    "Give the event a name.",
)
NOT_AS_RECOMMENDED = Refusal(
    Verdict.REJECTED,
    "recommended_event_schema",
    "The event bears the name of one of Braze's recommended events, and Braze refuses those that do not fit their "
    "schema.",
    "Correct what the cause names, and send what the schema has no place for in metadata; or send the standard event, "
    "e.g. Order Completed, which Signal maps; or give it another name.",
)
NO_PRODUCT_ID = Refusal(
    Verdict.REJECTED, "missing_product_id", f"A product has no product_id and no sku. {_SCHEMA}", "Send product_id."
)
NO_PRODUCT_NAME = Refusal(
    Verdict.REJECTED,
    "missing_product_name",
    f"A product has no name of at most 255 characters. {_SCHEMA}",
    "Send name with every product.",
)
NO_PRICE = Refusal(
    Verdict.REJECTED, "missing_price", f"A product has no price that is a number. {_SCHEMA}", "Send price."
)
NO_CURRENCY = Refusal(
    Verdict.REJECTED,
    "missing_currency",
    "Neither the product nor the event has a currency of three letters, and Braze needs one.",
    "Send currency, or set default_currency.",
)
NO_CART_ID = Refusal(
    Verdict.REJECTED,
    "missing_cart_id",
    f"The event has no cart_id. {_SCHEMA}",
    "Send cart_id; or set carts to custom, so that it is sent under its own name.",
)
NO_CHECKOUT_ID = Refusal(
    Verdict.REJECTED,
    "missing_checkout_id",
    f"The event has no checkout_id and no order_id. {_SCHEMA}",
    "Send checkout_id.",
)
NO_ORDER_ID = Refusal(
    Verdict.REJECTED, "missing_order_id", f"The event has no order_id. {_SCHEMA}", "Send order_id with every order."
)
NO_TOTAL = Refusal(
    Verdict.REJECTED,
    "missing_total",
    f"The event has no total, revenue or value that is a number. {_SCHEMA}",
    "Send total.",
)
NO_PRODUCTS = Refusal(
    Verdict.REJECTED,
    "missing_products",
    f"The event has no products. {_SCHEMA}",
    "Send products, a list of objects.",
)
TOO_MANY_PIECES = Refusal(
    Verdict.REJECTED,
    "quantity_too_large",
    "A purchase of Braze has at most 100 pieces.",
    "Set orders to recommended, whose products have no such bound; or send the line as several.",
)
EVENT_TOO_LARGE = Refusal(
    Verdict.REJECTED,
    "event_too_large",
    "Braze takes at most 100 KB of one event, of which 2 % are kept free.",
    "Send less with this event.",
)
PURCHASE_TOO_LARGE = Refusal(
    Verdict.REJECTED,
    "purchase_too_large",
    "Braze takes at most 50 KB of properties with a purchase.",
    "Send less with the products of an order.",
)
NO_GROUP = Refusal(
    Verdict.REJECTED,
    "missing_group_id",
    "The call names no group: groupId is missing.",
    "Send groupId with every group call.",
)
NO_PREVIOUS_ID = Refusal(
    Verdict.REJECTED,
    "missing_previous_id",
    "An alias needs the id that the user had before, and the one that she has now.",
    "Send previousId and userId with every alias call.",
)
PAGES_OFF = Refusal(
    Verdict.SKIPPED,
    "pages_off",
    "The setting pages is skip, so page and screen calls are not sent.",
    "Nothing; or set pages to page_viewed.",
)
