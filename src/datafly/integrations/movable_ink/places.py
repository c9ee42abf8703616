"""What an operator may change of the mapping to Movable Ink: names of events, and what they hold (§3.2, §3.3).

Who the user is and when it happened are not among it: Movable Ink joins customers by one id, and reads every event by
its time.
"""

from datafly.spec.convert import event_name, text
from datafly.spec.integration import Overridable, Place
from datafly.spec.nodes import path
from datafly.spec.parts import by_setting

_NAMES = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_SAID = "is a letter or “_”, then letters, digits and “_”"

OVERRIDABLE = Overridable(
    by_setting("payload", native=event_name(path("event")), segment=text(path("event"))),
    (
        Place(
            "properties",
            "properties",
            "What an event holds; whoever maps it at Movable Ink reads it by its path.",
            {
                **dict.fromkeys(("id", "title", "url", "query"), "text"),
                **dict.fromkeys(("price", "revenue"), "amount"),
                "currency": "currency",
            },
            own_names=_NAMES,
            own_names_say=_SAID,
        ),
        Place(
            "properties.meta",
            "properties.meta",
            "What an event holds beside Movable Ink's own fields: texts, numbers and booleans. With payload: native.",
            own_names=_NAMES,
            own_names_say=_SAID,
        ),
        Place(
            "products",
            "properties.products",
            "A product of an order. With payload: native.",
            {
                **dict.fromkeys(("id", "title", "url"), "text"),
                "price": "amount",
                "quantity": "quantity",
            },
            own_names=_NAMES,
            own_names_say=_SAID,
        ),
        Place(
            "products.meta",
            "properties.products.meta",
            "What a product of an order has beside. With payload: native.",
            own_names=_NAMES,
            own_names_say=_SAID,
        ),
        Place("traits", "traits", "What is told of the user.", own_names=_NAMES, own_names_say=_SAID),
    ),
)
