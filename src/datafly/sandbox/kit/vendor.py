"""What a room says of its vendor."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from datafly.sandbox.faults import Fault
from datafly.sandbox.kit.store import Store, Verdict
from datafly.sandbox.wire import Incoming, Reply


class Pool(msgspec.Struct, frozen=True):
    """A limit of the vendor: so many requests in a window of so many seconds, for each credential."""

    name: str
    requests: int
    seconds: float


class Use(msgspec.Struct, frozen=True):
    """How a pool stands after a request. `resets_in`: seconds; `resets_at`: the moment, UTC."""

    pool: Pool
    used: int
    resets_in: float
    resets_at: datetime

    @property
    def is_over(self) -> bool:
        return self.used > self.pool.requests

    @property
    def left(self) -> int:
        return max(self.pool.requests - self.used, 0)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request on its way to an endpoint.

    `match`: what stands in the path for `{name}`. `credential`: whose it is, by `Vendor.authenticate`. `mode`: the
    switches of the room, by `Vendor.modes`. `visible_at`: from when on what is written now is shown.
    """

    incoming: Incoming
    match: Mapping[str, str]
    credential: "Credential | None"
    store: Store
    now: datetime
    visible_at: datetime
    request_id: int
    mode: Mapping[str, str]
    uses: tuple[Use, ...] = ()

    def put(self, kind: str, key: str, body: Mapping[str, Any], *, owner: str = "", at: datetime | None = None) -> None:
        """Writes a record, which is shown from `visible_at` on. `at`: when it happened, if not now."""
        self.store.put(
            kind, key, body, now=self.now, request_id=self.request_id, owner=owner, visible_at=self.visible_at, at=at
        )

    def document(self) -> Any:
        """The JSON that was sent. Raises ValueError where it is none."""
        try:
            return msgspec.json.decode(self.incoming.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(str(error)) from None


class Outcome(msgspec.Struct, frozen=True):
    """`ours`: the name of our word in the reply, where the vendor documents none."""

    reply: Reply
    verdicts: Sequence[Verdict] = ()
    ours: str = ""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`path` as `/api/lists/{id}`, below the room's prefix. `open`: it is answered without credentials."""

    method: str
    path: str
    answer: Callable[[Call], Outcome]
    pools: tuple[Pool, ...] = ()
    open: bool = False


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What opens the API, by the names of `Vendor.credential_fields`."""

    id: int
    name: str
    values: dict[str, str]
    created_at: str
    last_used_at: str | None = None


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Records that the panel shows. `columns`: heading → the name in the record, with dots. `feeds`: kinds whose
    records belong to one of these and stand on its page, newest first.
    """

    key: str
    title: str
    one: str
    columns: tuple[tuple[str, str], ...]
    feeds: tuple[str, ...] = ()
    empty: str = ""


class OurWord(msgspec.Struct, frozen=True):
    """`name` is what the header `x-sandbox-ours` tells."""

    name: str
    where: str
    message: str


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """All that a room is beside what is common.

    `roots`: the first words of the paths of its API. `credential_fields`: name → label, and how one is made.
    `authenticate(incoming, match, credentials)`: whose request it is, or the refusal. `refused`: answers to a path that
    is none ("missing"), a method that is none ("method"). `too_many(uses)` answers beyond a limit,
    `limit_headers(uses)` goes with every other answer. `fault_reply(fault)` is the documented body of a status.
    `settings`: those of its integration that send it to the room → how each is written, by the names of the credential
    fields and `{base}`; empty: each credential field is a setting. `modes`: switches, name → what may be chosen, the
    first being what holds at the start. `curl`: a request to try, for the page About. `basis`: what the answers rest
    on, where that is not what the vendor documents.
    """

    slug: str
    name: str
    summary: str
    example: str
    endpoints: tuple[Endpoint, ...]
    credential_fields: Mapping[str, tuple[str, Callable[[], str]]]
    authenticate: Callable[[Incoming, Mapping[str, str], Sequence[Credential]], Credential | Outcome]
    refused: Mapping[str, Callable[[Incoming], Outcome]]
    too_many: Callable[[Sequence[Use]], Outcome]
    fault_reply: Callable[[Fault], Reply]
    kinds: tuple[Kind, ...]
    curl: str
    roots: tuple[str, ...] = ("api",)
    limit_headers: Callable[[Sequence[Use]], tuple[tuple[str, str], ...]] = lambda _: ()
    settings: Mapping[str, str] = {}
    modes: Mapping[str, tuple[str, ...]] = {}
    mode_words: Mapping[str, str] = {}
    ours: tuple[OurWord, ...] = ()
    most_bytes: int = 5_000_000
    basis: str = ""

    def kind(self, key: str) -> Kind | None:
        return next((one for one in self.kinds if one.key == key), None)
