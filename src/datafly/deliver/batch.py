"""What a lane holds: members (events to decide), units (their items), batches (one request each)."""

from collections.abc import Iterator
from typing import Final

import msgspec

from datafly.deliver.entries import Entry
from datafly.model.delivery import AheadCall, Answer, Item, Outgoing
from datafly.model.verdict import Ruling
from datafly.spec.compiled import Compiled, Limits

_ENVELOPE_BYTES: Final = 256
_SEPARATOR_BYTES: Final = 2
"""Guesses, to close a batch in time; the assembled request is measured."""


class Member(msgspec.Struct, eq=False, gc=False):
    """One event in a lane. `left`: items that the vendor has still to take. `done`: it has its final verdict.

    `told`: what the vendor said of an item that it took, or that changes nothing. `ahead`: the calls that took items
    of it before its last one.
    """

    entry: Entry
    arrived: float
    left: int = 0
    done: bool = False
    told: Ruling | None = None
    ahead: tuple[AheadCall, ...] = ()

    @property
    def offset(self) -> int:
        return self.entry.offset

    @property
    def size(self) -> int:
        return self.entry.size

    @property
    def key(self) -> str:
        return self.entry.key


class Unit(msgspec.Struct, eq=False, gc=False):
    """One item of one member. `whose`: of whom it says what a later item may leave out; empty: of nobody. `cost`: what
    is spent with it, where that is bounded. `amends`: how often it was refused and something else sent in its place.
    """

    member: Member
    item: Item
    whose: bytes = b""
    cost: int = 0
    amends: int = 0


class Batch(msgspec.Struct, eq=False):
    """Units of one route, sent together. `outgoing` is kept while they stay the same: a retry sends the same bytes.

    `sealed`: it was sent or is a part of one that was; no more is added. `tries` and `earlier` tell what was sent for
    these members before, also in another company. `suspect`: part of a batch that failed while others did not.
    `fails` counts failures of this very batch; from the first on, `failing_since` (time in which the installation
    could send) and `successes_before` say whether it fails alone. `doubted`: an answer was lost after sending, so the
    vendor may have taken it already. `ticket`: the job as which the vendor took it.
    """

    compiled: Compiled
    revision_id: str
    revision_number: int
    units: list[Unit]
    bytes: int = _ENVELOPE_BYTES
    outgoing: Outgoing | None = None
    tries: int = 0
    earlier: tuple[Answer, ...] = ()
    sealed: bool = False
    suspect: bool = False
    fails: int = 0
    failing_since: float = 0.0
    successes_before: int = 0
    doubted: bool = False
    ticket: str = ""
    unique: set[str] = msgspec.field(default_factory=set)

    @property
    def route(self) -> str:
        return self.units[0].item.route

    @property
    def call(self) -> str:
        """The route by which it goes: one item may have a way of its own."""
        return self.compiled.calls_of_one.get(self.route, self.route) if len(self.units) == 1 else self.route

    def items(self) -> list[Item]:
        return [unit.item for unit in self.units]

    def takes(self, item: Item, limits: Limits) -> bool:
        units, route = self.units, item.route
        if not units:
            return True
        if self.sealed or self.bytes + len(item.body) + len(item.group) + _SEPARATOR_BYTES > limits.max_bytes:
            return False
        if route != units[0].item.route or route in self.compiled.alone or item.unique in self.unique:
            return False
        count = sum(unit.item.part == item.part for unit in units) if limits.per_part else len(units)
        return count < (self._most(limits) if self.compiled.most_items else limits.max_items)

    def has_room(self, limits: Limits) -> bool:
        compiled, units = self.compiled, self.units
        if self.sealed or self.bytes >= limits.max_bytes or (compiled.alone and units and self.route in compiled.alone):
            return False
        return limits.per_part or len(units) < (self._most(limits) if compiled.most_items else limits.max_items)

    def add(self, unit: Unit) -> None:
        item = unit.item
        self.units.append(unit)
        self.bytes += len(item.body) + len(item.group) + _SEPARATOR_BYTES
        self.outgoing = None
        if item.unique:
            self.unique.add(item.unique)

    def arrange(self) -> None:
        """The units stand as they will in the request."""
        order = self.compiled.arrange(self.items())
        if order is not None:
            self.units = [self.units[index] for index in order]

    def offsets(self) -> tuple[int, ...]:
        """One for each item, in request order."""
        return tuple(unit.member.offset for unit in self.units)

    def members(self) -> Iterator[Member]:
        """Each once, in order."""
        yield from dict.fromkeys([unit.member for unit in self.units])

    def drop_done(self) -> None:
        kept = [unit for unit in self.units if not unit.member.done]
        if len(kept) < len(self.units):
            self.units, self.outgoing = kept, None

    def part(self, units: list[Unit]) -> "Batch":
        """Some of these units as a batch of their own, with the same past."""
        size = _ENVELOPE_BYTES + sum(_size(unit.item) for unit in units)
        return Batch(
            self.compiled,
            self.revision_id,
            self.revision_number,
            units,
            size,
            tries=self.tries,
            earlier=self.earlier,
            sealed=True,
            doubted=self.doubted,
        )

    @property
    def is_few(self) -> bool:
        """Whether its items are better sent one by one. What was sent together goes on so: the bytes stay the same."""
        return not self.sealed and 1 < len(self.units) <= self.compiled.few.get(self.route, 1)

    def alone(self, units: "list[Unit]") -> "list[Batch]":
        """Each of these units as a batch of its own."""
        return [self.part([unit]) for unit in units]

    def suspects(self) -> "tuple[Batch, Batch]":
        """Halves of a batch that fails alone; each is halved again at its first failure."""
        first, second = self.halves()
        first.suspect = second.suspect = True
        return first, second

    def halves(self) -> "tuple[Batch, Batch]":
        middle = len(self.units) // 2
        return self.part(self.units[:middle]), self.part(self.units[middle:])

    def _most(self, limits: Limits) -> int:
        """A call may hold fewer than the others do."""
        if not self.units:
            return limits.max_items
        return min(limits.max_items, self.compiled.most_items.get(self.route, limits.max_items))


def _size(item: Item) -> int:
    return len(item.body) + len(item.group) + _SEPARATOR_BYTES
