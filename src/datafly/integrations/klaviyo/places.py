"""What an operator may change of the mapping to Klaviyo: names of events, and properties of events and profiles.

Identifiers, subscriptions and what tells an event that comes again are not among it.
"""

from datafly.integrations.klaviyo.events import LONGEST_NAME, OWN_NAME
from datafly.integrations.klaviyo.refusals import NAME_TOO_LONG
from datafly.spec.bounds import sized
from datafly.spec.integration import Overridable, Place

_TEXTS = ("ProductName", "ProductID", "SKU", "ImageURL", "URL", "Brand", "CheckoutURL", "OrderId", "DiscountCode")

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
            own_names=r"[A-Za-z$_][A-Za-z0-9_$ -]{0,99}",
            own_names_say="begins with a letter, “$” or “_”; letters, digits, blanks, “$”, “_” and “-” follow",
        ),
    ),
)
