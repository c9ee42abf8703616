"""What is spent at a vendor by one installation: what need not be is not, and no more in a day than its cap allows."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol
from weakref import WeakSet

import msgspec

from datafly.deliver import reasons
from datafly.model.clock import Clock
from datafly.model.delivery import WHOLE, Item, Share
from datafly.spec.compiled import Compiled, Shaped
from datafly.spec.spending import Meter

_CLAIMS_A_DAY: Final = 200
"""In so many parts a cap is shared out among those that deliver; what is left of a part nobody else may spend."""
DAY_MS: Final = 86_400_000
SPARED: Final = "spared"
"""The name under which fields are counted that were not sent."""


class Taken(msgspec.Struct, frozen=True):
    """What the vendor took: name of a field → digest of its value. None: nothing is known any more of whom it is."""

    space: str
    whose: bytes
    fields: dict[str, bytes] | None


class Sent(Protocol):
    """What was taken before, durable when `keep` returns."""

    def known(self, space: str, whose: bytes, now_ms: int) -> dict[str, bytes]: ...

    def keep(self, taken: Sequence[Taken], now_ms: int) -> None: ...

    def claim(self, claim: "Claim") -> int | None:
        """What `owner` may spend that day, all that it claimed before included; None: nobody can tell."""


class Reserving(Protocol):
    def reserved(self) -> int:
        """What the items cost that are about to be sent, or were sent and have no answer yet."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """`wanted` more, at best `chunk`, of `cap`, of which `spent` are gone for sure; the first of a day in any case."""

    space: str
    day: int
    owner: int
    wanted: int
    chunk: int
    cap: int
    spent: int


class Spent(msgspec.Struct, frozen=True):
    """`counts`: type of event → what its items cost; `SPARED` → fields that were left out."""

    taken: tuple[Taken, ...] = ()
    counts: dict[str, int] = {}


NOTHING_SPENT: Final = Spent()


class Thrift:
    """Of one installation, as long as it is served. `spent` is that of the day `day`, UTC, of all that deliver."""

    def __init__(self, installation_id: str, clock: Clock, sent: Sent | None, share: Share = WHOLE) -> None:
        self._installation_id = installation_id
        self._clock = clock
        self._sent = sent
        self._spared = 0
        self._under_way: WeakSet[Reserving] = WeakSet()
        self._share = share
        self.day = 0
        self.spent = 0
        self._own: int | None = None
        self._claimed = 0
        """Of several that deliver: what this one spent, of what it may."""

    def read(self, day: int, spent: int) -> None:
        """What the ledger says; what was spent since, by this worker, is added by `account`."""
        if day != self.day:
            self._own, self._claimed = None, 0
        self.day, self.spent = day, spent

    def attend(self, lane: Reserving) -> None:
        """What it is about to send counts as spent, as long as it is there."""
        self._under_way.add(lane)

    def spent_today(self) -> int:
        if (today := self._clock.now_ms() // DAY_MS) != self.day:
            self.read(today, 0)
        return self.spent

    def spared(
        self, compiled: Compiled, meter: Meter, items: Sequence[Item], under_way: Callable[[bytes], bool]
    ) -> tuple[Item, ...]:
        """The items less what the vendor took before. While anything of the same subject is under way, nothing of it is
        left out: what is on its way may not be taken.
        """
        found = (self._lessened(compiled, meter, item, under_way) for item in items)
        return tuple(item for item in found if item is not None)

    def afforded(self, meter: Meter, items: tuple[Item, ...]) -> Shaped | None:
        """The items, or why they are not sent; None: they wait for another day. One event a day goes in any case."""
        cost = sum(map(meter.cost, items)) if meter.cap else 0
        if not cost or self._is_within(meter.cap, cost):
            return items
        return None if meter.holds else reasons.over_cap(meter.cap, meter.unit)

    def _is_within(self, cap: int, cost: int) -> bool:
        reserved = sum([lane.reserved() for lane in self._under_way])
        spent = self.spent_today() + reserved
        if spent and spent + cost > cap:
            return False
        return self._share.is_whole or self._sent is None or self._is_claimed(self._sent, cap, reserved, cost)

    def _is_claimed(self, sent: Sent, cap: int, reserved: int, cost: int) -> bool:
        """The others may spend at this moment, too. What was claimed before a restart counts as spent."""
        if self._own is None:
            self._own = self._claimed = sent.claim(self._claim(cap, 0)) or 0
        needed = self._own + reserved + cost
        if needed > self._claimed:
            found = sent.claim(self._claim(cap, needed - self._claimed))
            self._claimed = needed if found is None else found
        return needed <= self._claimed

    def _claim(self, cap: int, wanted: int) -> Claim:
        return Claim(
            space=self._installation_id,
            day=self.day,
            owner=self._share.number,
            wanted=wanted,
            chunk=cap // _CLAIMS_A_DAY,
            cap=cap,
            spent=self.spent,
        )

    def account(self, compiled: Compiled, taken: Iterable[tuple[str, Item]], *, is_live: bool) -> Spent:
        """What the vendor took now, each with the type of its event, and what it cost. After a replay, which is none of
        the order of live events, what was known of the subject is forgotten.
        """
        meter = compiled.meter
        if meter is None:
            return NOTHING_SPENT
        counts: Counter[str] = Counter()
        known: list[Taken] = []
        for kind, item in taken:
            counts[kind] += meter.cost(item)
            told = meter.told(item)
            if told is not None:
                known.append(Taken(self._space(compiled), told.whose, told.fields if is_live else None))
        self.spent_today()
        self.spent += sum(counts.values())
        if self._own is not None:
            self._own += sum(counts.values())
        if self._spared:
            counts[SPARED], self._spared = self._spared, 0
        return Spent(tuple(known), {name: count for name, count in counts.items() if count})

    def forgotten(self, compiled: Compiled, items: Iterable[Item]) -> list[Taken]:
        """That nothing is known any more of whom these are of."""
        found = (compiled.meter.told(item) for item in items) if compiled.meter else ()
        return [Taken(self._space(compiled), told.whose, None) for told in found if told is not None]

    def _lessened(
        self, compiled: Compiled, meter: Meter, item: Item, under_way: Callable[[bytes], bool]
    ) -> Item | None:
        told = meter.told(item) if self._sent is not None else None
        if told is None or self._sent is None or not told.fields or under_way(told.whose):
            return item
        known = self._sent.known(self._space(compiled), told.whose, self._clock.now_ms())
        same = [name for name, digest in told.fields.items() if known.get(name) == digest]
        self._spared += len(same)
        return meter.without(item, same) if same else item

    def _space(self, compiled: Compiled) -> str:
        """Another address or key is another account, which knows nothing yet."""
        return f"{self._installation_id}:{compiled.credential}"
