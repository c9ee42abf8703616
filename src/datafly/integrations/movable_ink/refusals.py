"""Why an event is not sent to Movable Ink (§3.3)."""

from datafly.model.verdict import Verdict
from datafly.spec.words import Refusal

NO_USER = Refusal(
    Verdict.SKIPPED,
    "missing_user",
    "Movable Ink needs a user id or an anonymous id with every event, and this one has none that may be sent.",
    "Call datafly.identify() when the user logs in; with mi_u: email_sha256 with traits.email.",
)
NO_PRODUCT_ID = Refusal(
    Verdict.REJECTED,
    "missing_product_id",
    "Movable Ink tells products by their id, and this event has neither product_id nor sku.",
    "Send product_id, or sku, with the event.",
)
NO_CATEGORY_ID = Refusal(
    Verdict.REJECTED,
    "missing_category_id",
    "Movable Ink tells categories by their id, and this event has neither category nor list_id.",
    "Send category, or list_id, with the event.",
)
NO_QUERY = Refusal(
    Verdict.REJECTED,
    "missing_query",
    "A search without what was searched for tells nothing.",
    "Send query with the event.",
)
NO_PRODUCTS = Refusal(
    Verdict.REJECTED,
    "missing_products",
    "Movable Ink needs the products of an order.",
    "Send the order's products: a list of objects with product_id.",
)
NO_NAME = Refusal(
    Verdict.REJECTED,
    "missing_event_name",
    "The name has no letter or digit of a–z, 0–9 to make Movable Ink's name of.",
    "Give the event a name with letters or digits.",
)
TOO_OLD = Refusal(
    Verdict.SKIPPED,
    "older_than_retention",
    "Movable Ink takes no events older than 30 days.",
    "Nothing needs to be done.",
)
OWN_EVENTS_OFF = Refusal(
    Verdict.SKIPPED,
    "own_events_off",
    "Movable Ink refuses an event that nothing is set up for, so others than those it documents are not sent.",
    "Set up a mapping for your own events at Movable Ink, then set own_events to send.",
)
