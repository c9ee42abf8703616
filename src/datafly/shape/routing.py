"""Whether the sender wants a vendor to get an event; senders name vendors in the words of other products."""

import re
from functools import lru_cache
from typing import Final

from datafly.model.event import Event
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.compiled import Compiled

_ALL: Final = "All"
_SIGNS: Final = re.compile(r"[^a-z0-9]")
_KIND: Final = r"(?:cloud|web|device|mode|actions|destination)*"
"""How Segment and RudderStack tell the several ways to one vendor apart: “Braze Cloud Mode (Actions)”."""

_CURE: Final = (
    "Nothing, if that is meant. Else leave `integrations` out of the event, or name the vendor in it with true."
)


def routing_ruling(compiled: Compiled, event: Event) -> Ruling | None:
    """SKIPPED `not_chosen` where `integrations` of the event keeps it from this vendor, None where it does not.

    What a visitor decided about consent is not the sender's to withhold.
    """
    choice = event.integrations
    if not choice or event.type == "consent":
        return None
    named = [(name, wanted) for name, wanted in choice.items() if name != _ALL and _means(name, compiled.vendor)]
    if any(wanted for _, wanted in named) or not (named or choice.get(_ALL) is False):
        return None
    said = f"“{named[0][0]}” is false" if named else "“All” is false, and this vendor is not named"
    return Ruling(Verdict.SKIPPED, "not_chosen", cause=f"In `integrations` of the event {said}.", cure=_CURE)


@lru_cache(maxsize=1_024)
def _means(name: str, vendor: str) -> bool:
    """Large and small letters, blanks and signs do not count: “Movable Ink” is movable_ink."""
    return re.fullmatch(re.escape(_plain(vendor)) + _KIND, _plain(name)) is not None


def _plain(name: str) -> str:
    return _SIGNS.sub("", name[:100].lower())
