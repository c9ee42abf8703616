"""What goes to a vendor, what comes back, and the record of both."""

from collections.abc import Mapping
from zlib import crc32

import msgspec

from datafly.model.replay import Selection
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict

WARNING = "warning"
POSSIBLY_DOUBLED = "possibly_doubled"
"""The reason of an event that was delivered, perhaps twice."""
DRIFT = "drift"

LIVE = ""
"""The run of an installation's own cursor; a replay has an id `run_…`."""


class Share(msgspec.Struct, frozen=True):
    """The keys that one of several delivery workers serves: number `number` (from 0) of `of`.

    A key is always of the same share, so its order holds however many there are.
    """

    number: int = 0
    of: int = 1

    @property
    def is_whole(self) -> bool:
        return self.of == 1

    def takes(self, key: str) -> bool:
        return self.of == 1 or _number(key) % self.of == self.number

    def lane(self, key: str, lanes: int) -> int:
        """Which of so many lanes: dealt out by what is left of the number, for all keys here agree in the rest."""
        return crc32(key.encode("utf-8", "surrogatepass")) // self.of % lanes


WHOLE = Share()


def _number(key: str) -> int:
    """The same in every process and at every start."""
    return crc32(key.encode("utf-8", "surrogatepass"))


class Item(msgspec.Struct, frozen=True, gc=False):
    """One event, shaped for a vendor: the encoded fragment that a request carries.

    `route` names the vendor call; items of different routes never share a request. `key` makes a retry recognisable to
    the vendor and is derived from the message id, never random. `warnings` tell what the vendor would ignore. `part`:
    the list that it stands in, of a request that has several. `group`: what it has in common with others, encoded, of a
    request that groups them. `unique`: no request holds two items of the same, unless it is empty.
    """

    body: bytes
    route: str = ""
    key: str = ""
    warnings: tuple[str, ...] = ()
    part: str = ""
    group: bytes = b""
    unique: str = ""


class Outgoing(msgspec.Struct, frozen=True):
    """A request, complete but for sending. A header that is secret is a `Secret`; an address may hold a secret, too."""

    method: str
    url: str
    headers: Mapping[str, str | Secret]
    body: bytes
    timeout_seconds: float = 30.0

    def __repr__(self) -> str:
        return f"Outgoing({self.method}, {len(self.body)} bytes)"


class Reply(msgspec.Struct, frozen=True):
    """What came back. `status` None: no answer, and `error` says why in words.

    `unknown_outcome`: the request may have been taken although no answer came (lost after sending).
    """

    status: int | None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    error: str = ""
    latency_ms: float = 0.0
    unknown_outcome: bool = False


class SentRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request as a person may see it: secrets are `***`."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reply as a person may see it: secrets are `***`, the body is cut at a limit."""

    status: int | None
    body: str = ""
    error: str = ""
    headers: dict[str, str] = {}


class AheadCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that one event caused before the request that settled it, e.g. a merge before an upsert."""

    request: SentRequest
    response: Answer
    latency_ms: float


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request to a vendor whose outcome is final for at least one member.

    `offsets`: the members in request order; `delivered`: those of them that the vendor took. `tries`: how many times
    a request for these members was sent, this one included; `earlier`: what the tries before it were answered.
    `told`: offset → the ruling of a delivered member of which the vendor said something all the same. `ahead`: offset
    → the calls that went before this one for it. `trace_id`: where an event of it is traced.
    """

    id: str
    installation_id: str
    revision_id: str
    revision_number: int
    partition: int
    offsets: tuple[int, ...]
    delivered: tuple[int, ...]
    started_ms: int
    latency_ms: float
    request: SentRequest
    response: Answer
    tries: int = 1
    earlier: tuple[Answer, ...] = ()
    run_id: str = LIVE
    warnings: dict[int, tuple[str, ...]] = {}
    told: dict[int, Ruling] = {}
    ahead: dict[int, tuple[AheadCall, ...]] = {}
    trace_id: str = ""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """A final verdict other than DELIVERED for the offsets `first`..`last` (both included) of one installation."""

    installation_id: str
    partition: int
    first: int
    last: int
    ruling: Ruling
    decided_ms: int
    attempt_id: str | None = None
    run_id: str = LIVE

    @property
    def verdict(self) -> Verdict:
        return self.ruling.verdict


class Pending(msgspec.Struct, frozen=True, omit_defaults=True):
    """Members of a lane's head batch that wait, and what the last attempt was answered."""

    installation_id: str
    partition: int
    lane: int
    offsets: tuple[int, ...]
    tries: int
    ruling: Ruling
    answer: Answer
    next_try_ms: int
    run_id: str = LIVE


class Followed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request that the vendor took as a job, by the name `ticket`, and whose outcome is asked for later.

    `call`: the route by which it went. `offsets`: the event of each item, in request order. `due_ms`: when it is asked
    for next, after it was so many times (`asked`).
    """

    id: str
    installation_id: str
    partition: int
    call: str
    ticket: str
    offsets: tuple[int, ...]
    since_ms: int
    due_ms: int
    asked: int = 0
    run_id: str = LIVE


class Slowed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The vendor said that it was too many: `requests_per_minute` are sent now, of the `documented` ones.

    `route`: "" for all calls that share one rate.
    """

    requests_per_minute: int
    documented: int
    since_ms: int
    route: str = ""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an installation stands. `name`: running, backing_off, suspended, paused, disabled, removed."""

    installation_id: str
    name: str = "running"
    reason: str = ""
    cause: str = ""
    cure: str = ""
    symptom: str = ""
    since_ms: int = 0
    next_probe_ms: int | None = None
    slowed: tuple[Slowed, ...] = ()


class Notice(msgspec.Struct, frozen=True):
    """How often something worth a look happened, as a sentence without values; "" for those that were summed up.

    `kind`: `WARNING` (events of which the vendor would ignore something) or `DRIFT` (answers that contradict the
    vendor's own contract).
    """

    installation_id: str
    kind: str
    sentence: str
    count: int
    last_ms: int


class Sighting(msgspec.Struct, frozen=True):
    """So many of the vendor's event `name` arrived there on a day; with `param`, so many that carried it.

    `day`: days since 1970-01-01, UTC, by the time of sending. `name` "": names beyond a bounded number.
    """

    installation_id: str
    day: int
    name: str
    param: str
    count: int


DISCARDED = "discarded"


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a replay over a stretch of the log takes, and how it is sent.

    `spans`: (partition, first, last). `rate_share`: the most that it takes of the vendor's documented rate, above 0, up
    to 1. `quiet`: as history, by which the vendor starts nothing. `count`: events, as far as they were counted before.
    """

    spans: tuple[tuple[int, int, int], ...] = ()
    selection: Selection = Selection()
    rate_share: float = 1.0
    quiet: bool = False
    count: int = 0
    is_counted: bool = True


class Replay(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run over dead letters of one installation. `state`: queued, running, done; or `DISCARDED`: a run that sends
    nothing, by which somebody gave its members up.
    """

    id: str
    installation_id: str
    members: tuple[tuple[int, int], ...]
    """(partition, offset), ascending."""
    created_ms: int
    created_by: str = ""
    state: str = "queued"
    plan: Plan | None = None

    def first(self, partition: int) -> int | None:
        """The lowest offset that it may read there."""
        spans = self.plan.spans if self.plan else ()
        lowest = [first for at, first, _ in spans if at == partition]
        return min([*lowest, *(offset for at, offset in self.members if at == partition)], default=None)
