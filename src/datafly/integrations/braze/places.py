"""What an operator may change of the mapping to Braze: names of events, and their properties.

Who somebody is, what she opted in to, and what a recommended event needs are not among it.
"""

from datafly.integrations.braze.events import OWN_NAME
from datafly.spec.integration import Overridable, Place

_OWN = r"(?!(?:time|event_name)$)[A-Za-z_][A-Za-z0-9_ -]{0,99}"
_OWN_SAYS = "begins with a letter or “_”; letters, digits, blanks, “_” and “-” follow; time and event_name are taken"

OVERRIDABLE = Overridable(
    OWN_NAME,
    (
        Place("properties", "properties", "Properties of a custom event.", own_names=_OWN, own_names_say=_OWN_SAYS),
        Place(
            "metadata",
            "properties.metadata",
            "What a recommended event has beside its schema.",
            own_names=_OWN,
            own_names_say=_OWN_SAYS,
        ),
    ),
)
