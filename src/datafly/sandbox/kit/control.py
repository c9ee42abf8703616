"""The control API: tests and demos steer the room and read back what it got. JSON, without credentials."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, Router, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody

from datafly.sandbox.fault_doors import FaultDoors, faults_of
from datafly.sandbox.guards import writes_come_from_here
from datafly.sandbox.kit.conditions import Conditions, RateLimit
from datafly.sandbox.kit.keys import Keys, MadeKey
from datafly.sandbox.kit.store import Record, RequestRecord, RequestSummary, Store
from datafly.sandbox.kit.vendor import Credential, OurWord, Vendor
from datafly.sandbox.parameters import After, Before, Limit, RowId
from datafly.sandbox.rooms import Clock


class Steering:
    """What the control API reaches."""

    def __init__(self, vendor: Vendor, store: Store, conditions: Conditions, keys: Keys, clock: Clock) -> None:
        self.vendor = vendor
        self.store = store
        self.conditions = conditions
        self.keys = keys
        self.clock = clock

    def settings(self) -> "SettingsView":
        conditions = self.conditions
        return SettingsView(conditions.override, conditions.lag_seconds, conditions.mode)

    def require(self, kind: str) -> str:
        if self.vendor.kind(kind) is None:
            known = ", ".join(one.key for one in self.vendor.kinds)
            raise NotFoundException(f"there are no {kind}; there are {known}")
        return kind


class _Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body of the control API; a misspelt field is refused."""


class ResetWish(_Wish, frozen=True, kw_only=True):
    keep_accounts: bool = False


class SettingsWish(_Wish, frozen=True, kw_only=True):
    """Fields left out stay as they are; `rate_limit` null goes back to the documented limits.

    `lag_seconds` is how long what arrives stays invisible; a change makes all visible that still waits.
    """

    rate_limit: RateLimit | msgspec.UnsetType | None = msgspec.UNSET
    lag_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | msgspec.UnsetType = msgspec.UNSET
    mode: dict[str, str] = {}


class KeyWish(_Wish, frozen=True, kw_only=True):
    """What is left out of `values` is made."""

    name: str = "Control API"
    values: dict[str, str] = {}


class SettingsView(msgspec.Struct, frozen=True):
    rate_limit: RateLimit | None
    lag_seconds: float
    mode: dict[str, str]


class Weather(Controller):
    """Answers and limits."""

    @post("/reset", status_code=200)
    async def reset(self, data: JSONBody[ResetWish | None], steering: NamedDependency[Steering]) -> dict[str, str]:
        steering.conditions.reset()
        with steering.store.transaction():
            steering.store.reset(keep_credentials=data.keep_accounts if data else False)
            steering.keys.plant()
        return {"status": "ok"}

    @get("/ours")
    async def ours(self, steering: NamedDependency[Steering]) -> list[OurWord]:
        """What no document of the vendor says, by the name that the header `x-sandbox-ours` tells."""
        return list(steering.vendor.ours)

    @get("/settings")
    async def read_settings(self, steering: NamedDependency[Steering]) -> SettingsView:
        return steering.settings()

    @patch("/settings")
    async def change_settings(self, data: JSONBody[SettingsWish], steering: NamedDependency[Steering]) -> SettingsView:
        steering.conditions.steer(override=data.rate_limit, lag_seconds=data.lag_seconds, mode=data.mode)
        if data.lag_seconds is not msgspec.UNSET:
            with steering.store.transaction():
                steering.store.show_all(steering.clock())
        return steering.settings()


class Arrivals(Controller):
    """What arrived."""

    @get("/totals")
    async def totals(self, steering: NamedDependency[Steering]) -> dict[str, int]:
        now = steering.clock()
        counts = {kind.key: steering.store.count(kind.key, now=now) for kind in steering.vendor.kinds}
        return {**counts, "waiting": steering.store.waiting(now=now)}

    @get("/requests")
    async def requests(
        self, steering: NamedDependency[Steering], limit: Limit = 50, before: Before = None
    ) -> list[RequestSummary]:
        return steering.store.requests(limit=limit, before=before)

    @get("/requests/{request_id:int}")
    async def request_of_id(self, request_id: RowId, steering: NamedDependency[Steering]) -> RequestRecord:
        record = steering.store.request(request_id)
        if record is None:
            raise NotFoundException(f"no request {request_id}")
        return record

    @get("/records/{kind:str}")
    async def records(
        self,
        kind: FromPath[str],
        steering: NamedDependency[Steering],
        q: FromQuery[str] = "",
        limit: Limit = 50,
        before: Before = None,
    ) -> list[Record]:
        """The newest first; `q` stands somewhere in them."""
        return steering.store.records(steering.require(kind), now=steering.clock(), words=q, before=before, limit=limit)

    @get("/arrivals/{kind:str}")
    async def arrivals(
        self, kind: FromPath[str], steering: NamedDependency[Steering], after: After = 0, limit: Limit = 1000
    ) -> list[Record]:
        """In the order of their arrival, after a `seq`."""
        return steering.store.arrivals(steering.require(kind), now=steering.clock(), after=after, limit=limit)


class Ownership(Controller):
    """What opens the API."""

    @get("/keys")
    async def keys(self, steering: NamedDependency[Steering]) -> list[Credential]:
        return steering.keys.masked()

    @post("/keys")
    async def add_key(self, data: JSONBody[KeyWish], steering: NamedDependency[Steering]) -> MadeKey:
        with steering.store.transaction():
            return steering.keys.add(data.name, data.values)

    @delete("/keys/{key_id:int}")
    async def revoke_key(self, key_id: RowId, steering: NamedDependency[Steering]) -> None:
        if not steering.store.revoke(key_id):
            raise NotFoundException(f"no key {key_id}")


def control_routes(vendor: Vendor, store: Store, conditions: Conditions, keys: Keys, clock: Clock) -> Router:
    steering = Steering(vendor, store, conditions, keys, clock)
    return Router(
        f"/{vendor.slug}/_control",
        route_handlers=[FaultDoors, Weather, Arrivals, Ownership],
        dependencies={"steering": Provide(lambda: steering, sync_to_thread=False), **faults_of(conditions.faults)},
        guards=[writes_come_from_here],
        exception_handlers={ValueError: _invalid, msgspec.ValidationError: _invalid},
    )


def _invalid(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=400)
