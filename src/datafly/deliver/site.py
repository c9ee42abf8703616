"""One installation, as everything that serves it sees it."""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from datafly.deliver import reasons
from datafly.deliver.departed import Departed
from datafly.deliver.entries import Decode, Entry
from datafly.deliver.gate import Gate
from datafly.deliver.pace import Pace, Paces
from datafly.deliver.recorder import Recorder
from datafly.deliver.settings import DeliverySettings
from datafly.deliver.sightings import Sightings
from datafly.deliver.thrift import Sent, Thrift
from datafly.log.base import Log
from datafly.model.clock import Clock
from datafly.model.delivery import WHOLE, Share, Slowed
from datafly.model.event import Event
from datafly.model.installation import Installation, Revision, is_tried
from datafly.model.verdict import Ruling
from datafly.spec.compiled import HISTORICAL, Compiled
from datafly.spec.spending import Meter
from datafly.store.base import Control, Ledger
from datafly.transport.base import Transport

Withheld = Callable[[Compiled, Event, Mapping[str, bool] | None], Ruling | None]
"""(integration, event, consent of the visitor newer than the event) → why it may not be sent, None if it may."""
Withdrawn = Callable[[Collection[str], int], Mapping[str, tuple[dict[str, bool], int]]]
"""Keys → the newest consent of each visitor and when we received it, as `Event.steady_ms`; of those alone who said
something at or after the time that is given, too.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What delivery is composed of. `decode` turns a record of `events` into an event; it may raise ValueError.

    `share`: the keys that are delivered here; the others are those of other processes like this one. `partitioned`:
    partitions come and go instead, each with all its keys, and other processes have the rest.
    """

    log: Log
    ledger: Ledger
    control: Control
    transport: Transport
    clock: Clock
    compile: Callable[[Installation], Compiled]
    withheld: Withheld
    withdrawn: Withdrawn = lambda _keys, _since_ms: {}
    decode: Decode = msgspec.json.Decoder(Event).decode
    settings: DeliverySettings = field(default_factory=DeliverySettings)
    rng: random.Random = field(default_factory=random.Random)
    share: Share = WHOLE
    partitioned: bool = False
    sent: Sent | None = None
    """What vendors took before; None: all of it is sent again."""
    broken_off_ms: int = 0
    """The process before this one ended without a word, before that time; 0: it did not."""
    departed: Departed = field(default_factory=Departed)

    @property
    def is_alone(self) -> bool:
        """Nobody else delivers for the same installations."""
        return self.share.is_whole and not self.partitioned


class Served(msgspec.Struct, frozen=True, eq=False):
    """One revision in service."""

    compiled: Compiled
    revision: Revision


class Plan(msgspec.Struct, frozen=True, eq=False):
    """Which revision an event is sent by: the pinned one, or, for `percent` of the keys, the canary.

    A key stays with the canary while it is tried by more and more of them; another canary takes others.
    """

    pinned: Served
    canary: Served | None = None
    percent: float = 0.0
    salt: bytes = b""

    def of(self, key: str) -> Served:
        if self.canary is None or not is_tried(key, self.percent, self.salt):
            return self.pinned
        return self.canary

    def serves(self, compiled: Compiled) -> bool:
        return compiled is self.pinned.compiled or (self.canary is not None and compiled is self.canary.compiled)

    def is_as(self, other: "Plan | None") -> bool:
        """Whether both send every event alike."""
        if other is None or self.pinned.compiled is not other.pinned.compiled:
            return False
        if self.pinned.revision.id != other.pinned.revision.id or (self.canary is None) != (other.canary is None):
            return False
        same_canary = self.canary is None or other.serves(self.canary.compiled)
        return same_canary and (self.percent, self.salt) == (other.percent, other.salt)


class Site:
    """`plan` None: its configuration cannot be used. `closing`: why everything is skipped now, if it is."""

    def __init__(self, installation: Installation, parts: Parts, gate: Gate, recorder: Recorder, paces: Paces) -> None:
        self.installation = installation
        self.parts = parts
        self.settings = parts.settings
        self.clock = parts.clock
        self.gate = gate
        self.recorder = recorder
        self.sightings = Sightings(installation.id)
        self.slots = asyncio.Semaphore(parts.settings.lanes)
        self.thrift = Thrift(installation.id, parts.clock, parts.sent, parts.share)
        self.capped: Ruling | None = None
        """Why events wait, if the cap of the day is reached: that of `capped_day`."""
        self.capped_day = 0
        self.plan: Plan | None = None
        self.closing: Ruling | None = None
        self.failed = 0
        """Requests since it was last told that nothing became final with."""
        self._paces = paces

    @property
    def compiled(self) -> Compiled | None:
        """Of the pinned revision."""
        return self.plan.pinned.compiled if self.plan else None

    def serves(self, compiled: Compiled) -> bool:
        return self.plan is not None and self.plan.serves(compiled)

    @property
    def id(self) -> str:
        return self.installation.id

    @property
    def vendor(self) -> str:
        return self.installation.vendor

    def pace(self, compiled: Compiled, route: str) -> Pace:
        """That of the credential, or of the path with it where calls of that path have a rate of their own."""
        pacing = compiled.rates.get(route.removesuffix(HISTORICAL)) or compiled.limits.pacing
        return self._paces.of(compiled.vendor, compiled.credential or self.id, pacing)

    def slowed(self) -> tuple[Slowed, ...]:
        """Of the rates that it sends at, those that the vendor has made us lower."""
        compiled = self.compiled
        if compiled is None:
            return ()
        routes = {self.pace(compiled, route).rate: route for route in reversed(("", *compiled.rates))}
        return tuple(
            Slowed(rate.shown, rate.documented, rate.since_ms, route)
            for rate, route in reversed(routes.items())
            if rate.since_ms is not None
        )

    def reach_cap(self, meter: Meter) -> None:
        """Nobody passes until `leave_cap`."""
        self.capped, self.capped_day = reasons.held_by_cap(meter.cap, meter.unit), self.thrift.day
        self.gate.shut("capped", shut=True)

    def leave_cap(self) -> None:
        self.capped = None
        self.gate.shut("capped", shut=False)

    def newer_consents(self, entries: Sequence[Entry]) -> list[Mapping[str, bool] | None]:
        """What the visitor of each decided since it came, asked whenever a request is built or sent again. Of somebody
        who was erased since then at least nothing: it is looked at anew.

        The events of one request are of one moment: who was offline sends a withdrawal together with what was queued.
        What came behind the withdrawal in the same request carries it already.
        """
        if not entries:
            return []
        known = self.parts.withdrawn({one.key for one in entries}, min([one.steady_ms for one in entries]))
        newer = [_newer(known.get(one.key), one.steady_ms) for one in entries] if known else [None] * len(entries)
        covers = self.parts.departed.covers
        return [{} if one is None and covers(entry) else one for one, entry in zip(newer, entries, strict=True)]

    def withheld(self, compiled: Compiled, event: Event, newer: Mapping[str, bool] | None) -> Ruling | None:
        """Why it may not be sent, None if it may."""
        return self.parts.departed.ruling(event) or self.parts.withheld(compiled, event, newer)


def _newer(known: tuple[dict[str, bool], int] | None, steady_ms: int) -> dict[str, bool] | None:
    return known[0] if known is not None and known[1] >= steady_ms else None
