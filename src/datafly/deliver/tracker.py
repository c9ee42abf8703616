"""How far a run has come in one partition: what is undecided, and the mark below which everything is final."""

from collections import deque
from collections.abc import Set as AbstractSet


class Tracker:
    """`position`: the next offset to be read. `finals`: what was final already when the run went on after a restart."""

    def __init__(self, position: int, finals: AbstractSet[int] = frozenset()) -> None:
        self._position = position
        self._known = finals
        self._knows_any = len(finals) > 0
        self._asked = -1
        self._taken: deque[int] = deque()
        self._finished: set[int] = set()

    def knows(self, offset: int) -> bool:
        """Whether it was final before; asked once per offset, in order."""
        if not self._knows_any or offset <= self._asked or offset not in self._known:
            return False
        self._asked = offset
        return True

    def known_between(self, first: int, last: int) -> list[int]:
        """What was final before, in `first`..`last`, ascending."""
        first = max(first, self._asked + 1)
        return sorted(offset for offset in self._known if first <= offset <= last)

    def take(self, offset: int) -> None:
        """It is to be decided. Offsets come ascending."""
        self._taken.append(offset)

    def advance(self, position: int) -> None:
        """Everything before `position` is taken, final, or not ours."""
        self._position = max(self._position, position)

    def finish(self, *offsets: int) -> None:
        taken, finished = self._taken, self._finished
        finished.update(offsets)
        while taken and taken[0] in finished:
            finished.discard(taken.popleft())

    @property
    def mark(self) -> int:
        return self._taken[0] if self._taken else self._position

    @property
    def undecided(self) -> int:
        return len(self._taken) - len(self._finished)

    @property
    def span(self) -> int:
        """How many events lie between the oldest undecided one and the position."""
        return len(self._taken)
