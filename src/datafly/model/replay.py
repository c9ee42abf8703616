"""What of a stretch of the log a replay takes."""

import msgspec

from datafly.model.event import Event
from datafly.model.taxonomy import is_called
from datafly.model.verdict import Verdict


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """`event`: its name in any spelling, or the type of what is no track. What is None leaves nothing out.

    `verdict` and `reason` (as a whole) are what became of the event live, in the installation that is replayed to.
    """

    event: str | None = None
    user_id: str | None = None
    verdict: Verdict | None = None
    reason: str | None = None

    @property
    def asks_fate(self) -> bool:
        return self.verdict is not None or self.reason is not None

    def fits(self, event: Event) -> bool:
        if self.user_id is not None and event.user_id != self.user_id:
            return False
        return self.event is None or is_called(_names(event), self.event)

    def fits_fate(self, verdict: Verdict, reason: str) -> bool:
        return self.verdict in {None, verdict} and self.reason in {None, reason}


def _names(event: Event) -> set[str | None]:
    sent = event.original.event if event.original else None
    return {event.event, sent} | (set() if event.type == "track" else {event.type})
