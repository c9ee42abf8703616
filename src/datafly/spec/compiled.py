"""What is left of an integration once it is compiled for one installation: plain closures, nothing to interpret."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.event import Event
from datafly.model.verdict import Judgement, Ruling
from datafly.spec.pacing import Pacing, Window
from datafly.spec.readiness import Seen, StandardEvent
from datafly.spec.spending import Meter

HISTORICAL = ":historical"
"""How the key of a route ends for requests of historical events."""

Shaped = tuple[Item, ...] | Ruling
"""The items of one event in sending order (most vendors: one), or why it is not sent (SKIPPED or REJECTED)."""


class Limits(msgspec.Struct, frozen=True):
    """What one request may hold and how many may be sent. `source` says where the figures are documented.

    `windows`: what the vendor counts beside the minute, e.g. so many in a second; all of it is kept.
    """

    max_items: int = 1
    max_bytes: int = 1_000_000
    requests_per_minute: int = 6_000
    windows: tuple[Window, ...] = ()
    flush_interval_ms: int = 500
    timeout_seconds: float = 30.0
    source: str = ""
    per_part: bool = False
    """`max_items` counts for each list of a request by itself."""

    @property
    def pacing(self) -> Pacing:
        return Pacing(self.requests_per_minute, self.windows)


class CompiledCall(msgspec.Struct, frozen=True):
    """`make(given)` is the request, `given` as `spec.calls.TAKES` says; `judge(reply)` what the reply means.

    Paced by the route `spec.calls.rate_key` of the installation. DELIVERED: it is done, or there was nothing to do.
    """

    make: Callable[[Mapping[str, Any]], Outgoing]
    judge: Callable[[Reply], Ruling]


class CompiledLater(msgspec.Struct, frozen=True):
    """How the outcome of a request is asked for once it was taken as a job.

    `ticket(reply)` names the job, None where there is none. `path(ticket)` is what `ask(path)` asks first.
    `judge(replies, count)`: what became of so many items; the path of what to ask next; None: it is not done.
    """

    ticket: Callable[[Reply], str | None]
    path: Callable[[str], str]
    ask: Callable[[str], Outgoing]
    judge: Callable[[Sequence[Reply], int], Judgement | str | None]
    rate_key: str
    first_seconds: int
    give_up_seconds: int


class Compiled(msgspec.Struct, frozen=True):
    """One integration for one installation. All functions are pure.

    `shape(event, now_ms)` says what is sent for an event. `assemble(items)` makes one request of items of one route, in
    the order that `arrange(items)` gives (None: as they are). `judge(reply, items)` judges the reply to such a request.
    `credential_check` is a request that reads only, judged by `judge_check`. `pick(body, index)` is the part of a
    request's body that one item caused.
    `consent` is the category that must be granted, None for none. `credential` names what a rate limit is shared by.
    """

    vendor: str
    consent: str | None
    limits: Limits
    shape: Callable[[Event, int], Shaped]
    assemble: Callable[[Sequence[Item]], Outgoing]
    judge: Callable[[Reply, Sequence[Item]], Judgement]
    pick: Callable[[str, int], str]
    secrets: frozenset[str]
    credential: str = ""
    base: str = ""
    """What every request's address begins with."""
    rates: dict[str, Pacing] = {}
    """Route → how it is paced, of those that do not share in the rate of `limits`."""
    alone: frozenset[str] = frozenset()
    """Routes whose requests are one item each."""
    arrange: Callable[[Sequence[Item]], list[int] | None] = lambda _: None
    most_items: Mapping[str, int] = {}
    """Route → how many items a request of it holds, of those that hold fewer than `limits` say."""
    calls_of_one: Mapping[str, str] = {}
    """Route → the route by which a request of one item goes, where that is another."""
    few: Mapping[str, int] = {}
    """Route → so many items, or fewer, go one by one."""
    amend: Callable[[Reply, Item], Item | None] | None = None
    """What is sent in place of an item that such a reply refused; None: it stays refused."""
    repeats_alone: frozenset[str] = frozenset()
    """Routes of whose requests the items go one by one after an answer that was lost."""
    idempotent: bool = True
    """Whether the vendor recognises what comes again, so that a lost answer doubles nothing."""
    sign: Callable[[Outgoing, Sequence[Item], int], Outgoing] | None = None
    """What is added to a request at each attempt, at that time in milliseconds."""
    credential_check: Outgoing | None = None
    judge_check: Callable[[Reply], Ruling] | None = None
    name_requests: tuple[Outgoing, ...] = ()
    """What to ask for the names that are registered at the vendor; see `spec.asking.Names`."""
    notes: tuple[str, ...] = ()
    """What a person should know of this installation, e.g. that it sends to the sandbox."""
    calls: Mapping[str, CompiledCall] = {}
    """What can be asked of the vendor about a user, beside events."""
    whom: Callable[[Event], Mapping[str, Any]] = lambda _: {}
    """The identifiers of whoever an event is about, as the vendor calls them; none where it could not know them."""
    later: Mapping[str, CompiledLater] = {}
    """Route → how the outcome of its requests is asked for later, of those of which it is."""
    seen: Callable[[Iterable[bytes]], Seen] | None = None
    """Bodies of items → the events in them, counted; None where the vendor has no standard events."""
    standard: Mapping[str, StandardEvent] = {}
    """The events that the vendor knows by itself, by each of their names."""
    meter: Meter | None = None
    """What the vendor counts as spent; None where it counts nothing."""
    tells_withdrawal: bool = False
    """Whether `shape` makes a message of it that a user withdraws `consent`."""
    tells_of_visitors: bool = False
    """Whether it does so of a visitor without a user id, too: the installation sends those."""
