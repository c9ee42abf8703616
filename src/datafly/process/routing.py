"""Step 7, routing: which vendors the sender wants an event to go to, as the SDKs of Segment and RudderStack tell it."""

from typing import Any, Final

NAME: Final = "routing"
ALL: Final = "All"
SHOWN: Final = 8
"""So many vendors are told by name."""

EVERYWHERE: Final[dict[str, bool]] = {}
"""Nobody is kept from an event."""


def read_choice(sent: Any) -> dict[str, bool]:
    """`integrations` of an event: vendor, or `All` for every other → whether it gets the event.

    Empty where nobody is kept from it. An object in place of a boolean holds options and means yes; what is neither is
    not a word about sending.
    """
    if not sent or not isinstance(sent, dict):
        return EVERYWHERE
    said = {name: wanted is not False for name, wanted in sent.items() if isinstance(wanted, bool | dict)}
    return said if False in said.values() else EVERYWHERE


def effect_of(choice: dict[str, bool]) -> str:
    """In words for a person; empty where nobody is kept from it."""
    if not choice:
        return ""
    for_all = choice.get(ALL, True)
    named = sorted(name for name, wanted in choice.items() if name != ALL and wanted is not for_all)
    names = ", ".join(named[:SHOWN]) + (f" and {len(named) - SHOWN} more" if len(named) > SHOWN else "")
    if for_all:
        return f"the sender keeps it from {names}"
    return f"the sender wants it to go to {names} alone" if named else "the sender wants it to go nowhere"
