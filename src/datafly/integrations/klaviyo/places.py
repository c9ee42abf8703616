"""What an operator may change of the mapping to Klaviyo: names of events, what they are worth, properties of events, of
the lines of an order and of profiles, and Klaviyo's own fields of a profile.

Identifiers, subscriptions and what tells an event that comes again are not among it.
"""

from datafly.integrations.klaviyo.events import LONGEST_NAME, OWN_NAME
from datafly.integrations.klaviyo.refusals import NAME_TOO_LONG
from datafly.spec.bounds import sized
from datafly.spec.integration import Overridable, Place

_TEXTS = ("ProductName", "ProductID", "SKU", "ImageURL", "URL", "Brand", "CheckoutURL", "OrderId", "DiscountCode")
_OF_A_LINE = ("ProductName", "ProductID", "SKU", "ImageURL", "ProductURL", "ProductBrand", "OrderId")
_PERSON = ("first_name", "last_name", "organization", "title", "image")
_PLACE = ("address1", "address2", "city", "country", "region", "zip", "timezone")
_WORTH = {"value": "number", "value_currency": "currency"}
_OWN_NAMES = r"[A-Za-z$_][A-Za-z0-9_$ -]{0,99}"
_OWN_NAMES_SAY = "begins with a letter, “$” or “_”; letters, digits, blanks, “$”, “_” and “-” follow"
_PROFILES = ("profiles",)
_EVENTS = ("",)
ORDERED = "ordered_product"
"""The key of what an order has for each line."""

OVERRIDABLE = Overridable(
    sized(OWN_NAME, LONGEST_NAME, NAME_TOO_LONG),
    (
        Place(
            "properties",
            "properties",
            "Properties of an event, or custom properties of a profile.",
            {
                **dict.fromkeys(_TEXTS, "text"),
                "Categories": "taxonomy",
                **dict.fromkeys(("Price", "CompareAtPrice", "DiscountValue"), "amount"),
            },
            own_names=_OWN_NAMES,
            own_names_say=_OWN_NAMES_SAY,
            routes=(*_EVENTS, *_PROFILES),
        ),
        Place("event", "", "What an event is worth, by which Klaviyo counts revenue.", _WORTH, routes=_EVENTS),
        Place(
            "ordered_product.properties",
            "properties",
            "Properties of Ordered Product, for each line of an order.",
            {**dict.fromkeys(_OF_A_LINE, "text"), "Quantity": "quantity", "Categories": "taxonomy"},
            own_names=_OWN_NAMES,
            own_names_say=_OWN_NAMES_SAY,
            of=ORDERED,
        ),
        Place("ordered_product", "", "What the line of an order is worth.", _WORTH, of=ORDERED),
        Place(
            "profile",
            "",
            "Klaviyo's own fields of a profile.",
            {**dict.fromkeys(_PERSON, "text"), "locale": "locale"},
            routes=_PROFILES,
        ),
        Place(
            "profile.location",
            "location",
            "Where a person lives.",
            dict.fromkeys(_PLACE, "text"),
            routes=_PROFILES,
        ),
    ),
)
