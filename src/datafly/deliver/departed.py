"""Who was erased, as delivery knows it: what came of them before is not sent any more, nor replayed."""

from typing import Final

from datafly.deliver.entries import Entry
from datafly.model.erasure import ERASED, NOBODY_ERASED, Erased
from datafly.model.event import Event
from datafly.model.verdict import Ruling

_DAY_MS: Final = 86_400_000
"""Clocks go back by less than that: so most events need not even be decoded."""


class Departed:
    """One for all that deliver in a process."""

    def __init__(self) -> None:
        self._erased: Erased = NOBODY_ERASED

    def learn(self, erased: Erased) -> bool:
        """Whether more are erased than were."""
        is_more = (len(erased), erased.newest_ms) != (len(self._erased), self._erased.newest_ms)
        self._erased = erased
        return is_more

    def ruling(self, event: Event) -> Ruling | None:
        return ERASED if self._erased and self._erased.covers(event) else None

    def covers(self, entry: Entry) -> bool:
        if not self._erased or entry.steady_ms > self._erased.newest_ms + _DAY_MS:
            return False
        return entry.is_readable and self._erased.covers(entry.event)
