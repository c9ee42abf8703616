"""How fast history may come, so that what happens now does not wait behind it (decision 0076).

Installations read one log, so whatever is imported stands before every live event that comes after it. Therefore an
import goes in rounds. A round is as much as delivery works off in `ahead_seconds`, by what it did in the round before;
the next begins when this one is worked off by half. While others send events too, the next begins only when this one
is worked off whole, and after a rest in which delivery is theirs: so long that the import has had `share` of the time.
Where nobody can see delivery, only the rate counts.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from datafly.backfill.gateway import MAX_EVENTS

FIRST_ROUND: Final = 100
LARGEST_ROUND: Final = 50_000
_LOOK_SECONDS: Final = 0.25
_STUCK_SECONDS: Final = 2.0
_LEAST_SECONDS: Final = 0.01
"""Nobody is asked to wait for what is left of a subtraction."""


class Backlog(msgspec.Struct, frozen=True):
    """How delivery stands: `head` events in the log, of which the slowest installation has worked off `mark`.

    `stuck`: in words, why it does not go on at all; empty while it does.
    """

    head: int
    mark: int
    stuck: str = ""


class Limits(msgspec.Struct, frozen=True):
    """`rate`: events a second at most, 0 is unlimited. `ahead_seconds` 0: delivery is not waited for."""

    rate: float = 0.0
    ahead_seconds: float = 5.0
    share: float = 0.5


class Permit(msgspec.Struct, frozen=True):
    """So many events may be sent now; 0: ask again after `wait_seconds`, `reason` says why to a person."""

    events: int
    wait_seconds: float = 0.0
    reason: str = ""


class _Round(msgspec.Struct):
    began: float
    mark: int
    size: int
    sent: int = 0
    target: int = -1
    """Where the log ended when all of the round was in it; -1: nobody has looked yet."""
    took: float = 0.0
    """Until it was worked off; 0: it is not yet. Then the next may begin at `next_at`, by the `rate` that was seen."""
    rate: float = 0.0
    next_at: float = 0.0


class Pace:
    """Pure but for `look`, which tells how delivery stands, or None where nothing is to be waited for."""

    def __init__(self, limits: Limits, *, look: Callable[[], Backlog | None], clock: Callable[[], float]) -> None:
        self._limits, self._look, self._clock = limits, look, clock
        self._round: _Round | None = None
        self._looked = -_LOOK_SECONDS
        self._tokens, self._filled = 0.0, clock()
        self._accepted = 0
        self._of_others: int | None = None

    def ask(self) -> Permit:
        by_rate = self._by_rate()
        return by_rate if not by_rate.events else self._by_delivery(by_rate.events)

    def sent(self, events: int, *, accepted: int) -> None:
        self._tokens -= events
        self._accepted += accepted
        self._looked = self._clock()
        if self._round:
            self._round.sent += events

    def _by_rate(self) -> Permit:
        """A bucket of one second, of at least one event."""
        rate = self._limits.rate
        if not rate:
            return Permit(MAX_EVENTS)
        now = self._clock()
        self._tokens = min(self._tokens + (now - self._filled) * rate, max(rate, 1.0))
        self._filled = now
        most = min(MAX_EVENTS, max(1, int(rate)))
        if self._tokens >= most:
            return Permit(most)
        return _wait((most - self._tokens) / rate, f"no more than {rate:g} events a second were asked for")

    def _by_delivery(self, most: int) -> Permit:
        if not self._limits.ahead_seconds:
            return Permit(most)
        if self._round and self._round.sent < self._round.size:
            return Permit(min(most, self._round.size - self._round.sent))
        now = self._clock()
        if now - self._looked < _LOOK_SECONDS:
            return _wait(self._looked + _LOOK_SECONDS - now, "")
        self._looked = now
        seen = self._look()
        if seen is None:
            self._round = None
            return Permit(most)
        if seen.stuck:
            return Permit(0, _STUCK_SECONDS, seen.stuck)
        return self._after_looking(seen, now, most)

    def _after_looking(self, seen: Backlog, now: float, most: int) -> Permit:
        done = self._round
        if done is None:
            return self._begin(seen, now, FIRST_ROUND, most)
        if done.target < 0:
            done.target = seen.head
        if not done.took and not self._is_worked_off(done, seen, now):
            return Permit(0, _LOOK_SECONDS, "delivery works off what it has")
        if now < done.next_at:
            return _wait(min(done.next_at - now, _STUCK_SECONDS), "live events have their share")
        return self._begin(seen, now, self._next_size(done), most)

    def _is_worked_off(self, done: _Round, seen: Backlog, now: float) -> bool:
        others = self._others_sent(seen)
        if done.target - seen.mark > (0 if others else done.size // 2):
            return False
        done.took = max(now - done.began, _LOOK_SECONDS)
        done.rate = (seen.mark - done.mark) / done.took
        share = self._limits.share
        done.next_at = now + (done.took * (1 - share) / share if others else 0.0)
        self._of_others = max(self._of_others or 0, seen.head - self._accepted)
        return True

    def _others_sent(self, seen: Backlog) -> bool:
        """Since the round before. Over all rounds: of what we sent, some may not be in the log yet, but never more."""
        return self._of_others is not None and seen.head - self._accepted > self._of_others

    def _next_size(self, done: _Round) -> int:
        """It grows tenfold at most: one lucky look is no measurement."""
        wanted = int(done.rate * self._limits.ahead_seconds)
        return max(FIRST_ROUND, min(wanted, done.size * 10, LARGEST_ROUND))

    def _begin(self, seen: Backlog, now: float, size: int, most: int) -> Permit:
        if self._of_others is None:
            self._of_others = seen.head - self._accepted
        self._round = _Round(began=now, mark=seen.mark, size=size)
        return Permit(min(most, size))


def _wait(seconds: float, reason: str) -> Permit:
    return Permit(0, max(seconds, _LEAST_SECONDS), reason)
