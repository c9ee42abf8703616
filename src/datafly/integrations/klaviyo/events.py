"""The event that Klaviyo gets, alone or in a job of many (§1.3, §1.4)."""

from datafly.integrations.klaviyo.refusals import NAME_TOO_LONG, NO_IDENTIFIER, NO_NAME, UNTIMELY
from datafly.spec.bounds import cut, sized, timely
from datafly.spec.choices import given
from datafly.spec.combine import always
from datafly.spec.convert import currency as currency_code
from datafly.spec.convert import number, text
from datafly.spec.nodes import Node, const, first, obj, path, required
from datafly.spec.parts import identified, rule_event_name
from datafly.spec.whole import whole

_MOST_PROPERTIES = 400
LONGEST_NAME = 127
_DEEPEST = 10
"""Levels, the properties themselves being the first."""
_TOO_MANY = f"The event has {{count}} properties; Klaviyo takes {_MOST_PROPERTIES}, so the first of them are sent."

# After the year 1990, and at most one year in the future: read so that it holds however it is meant.
_YEAR_1991_MS = 662_688_000_000
_YEAR_MS = 365 * 86_400_000
IN_TIME = timely(_YEAR_1991_MS, _YEAR_MS, UNTIMELY)

WHO = required(identified(), NO_IDENTIFIER)
"""What events of one profile have in common."""
OWN_NAME = text(path("event"))


def event(
    properties: Node,
    *,
    name: Node | None = None,
    value: Node | None = None,
    currency: Node | None = None,
    unique: Node | None = None,
) -> Node:
    """`unique`: what tells it when it comes again, if that is not the message."""
    called = sized(required(name or rule_event_name(), NO_NAME), LONGEST_NAME, NAME_TOO_LONG)
    worth = {"value": value, "value_currency": given(value, currency)} if value and currency else {}
    return obj(
        {
            "properties": always(cut(properties, _MOST_PROPERTIES, _TOO_MANY)),
            "metric": obj(data=obj(type=const("metric"), attributes=obj(name=called))),
            "time": path("timestamp"),
            **worth,
            "unique_id": unique or path("message_id"),
            # It is recorded and starts no flow (since revision 2026-04-15).
            "backfill": path("historical"),
        }
    )


OWN_EVENT = event(
    whole("properties", _DEEPEST),
    value=first(number(path("properties.value")), number(path("properties.revenue")), number(path("properties.total"))),
    currency=currency_code(path("properties.currency")),
)
