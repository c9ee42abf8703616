"""The control API: tests and demos steer the room and read back what it got. JSON, without credentials."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, Router, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody

from datafly.sandbox.database import as_utc
from datafly.sandbox.fault_doors import FaultDoors, faults_of
from datafly.sandbox.guards import writes_come_from_here
from datafly.sandbox.insider.account import UNIFICATION_SCOPE, Account, AccountRules, ApiKey
from datafly.sandbox.insider.conditions import Conditions
from datafly.sandbox.insider.limits import RateLimit
from datafly.sandbox.insider.ours import OurWord, our_words
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.accounts import NotPossible
from datafly.sandbox.insider.state.history import Change
from datafly.sandbox.insider.state.profiles import Profile, StoredEvent, StoredIgnored
from datafly.sandbox.insider.state.requests import RequestRecord, RequestSummary
from datafly.sandbox.insider.upsert import write_due
from datafly.sandbox.parameters import After, Before, Limit, RowId
from datafly.sandbox.rooms import Clock
from datafly.sandbox.settings import AuthErrors


class Steering:
    """What the control API reaches."""

    def __init__(self, state: State, conditions: Conditions, clock: Clock) -> None:
        self.state = state
        self.conditions = conditions
        self.clock = clock

    def arrived(self) -> "Steering":
        """Itself, once what is due by now is visible."""
        with self.state.transaction():
            write_due(self.state, self.clock())
        return self

    def settings_view(self) -> "SettingsView":
        conditions = self.conditions
        return SettingsView(conditions.auth_errors, conditions.limits.override, conditions.lag_seconds)

    def account(self, partner: str | None) -> Account:
        """The account of a partner name; the first one where none is named."""
        accounts = self.state.accounts.all()
        found = next((each for each in accounts if partner in (None, each.partner)), None)
        if found is None:
            raise NotFoundException(f"no account {partner}")
        return found


class _Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body of the control API; a misspelt field is refused."""


class ResetWish(_Wish, frozen=True, kw_only=True):
    keep_accounts: bool = False


class SettingsWish(_Wish, frozen=True, kw_only=True):
    """Fields left out stay as they are; `rate_limit` null goes back to the documented limits.

    `lag_seconds` is how long upserts stay invisible; a change makes all visible that still waits.
    """

    auth_errors: AuthErrors | msgspec.UnsetType = msgspec.UNSET
    rate_limit: RateLimit | msgspec.UnsetType | None = msgspec.UNSET
    lag_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | msgspec.UnsetType = msgspec.UNSET


class KeyWish(_Wish, frozen=True, kw_only=True):
    partner: str | None = None
    name: str = "Control API"
    key: str | None = None
    scopes: tuple[str, ...] = (UNIFICATION_SCOPE,)
    allowed_ips: tuple[str, ...] = ()


class AccountWish(_Wish, frozen=True, kw_only=True):
    partner: str
    rules: AccountRules = AccountRules()


class AccountChange(_Wish, frozen=True, kw_only=True):
    """`rules` names the fields that change; the others stay."""

    partner: str | None = None
    rules: dict[str, Any] = {}


class SettingsView(msgspec.Struct, frozen=True):
    auth_errors: AuthErrors
    rate_limit: RateLimit | None
    lag_seconds: float


class MadeKey(msgspec.Struct, frozen=True):
    """The only place that shows the whole key."""

    id: int
    partner: str
    name: str
    key: str


class UserView(msgspec.Struct, frozen=True):
    profile: Profile
    events: list[StoredEvent]
    ignored: list[StoredIgnored]
    history: list[Change]


class Weather(Controller):
    """Answers and limits."""

    @post("/reset", status_code=200)
    async def reset(self, data: JSONBody[ResetWish | None], steering: NamedDependency[Steering]) -> dict[str, str]:
        steering.conditions.reset()
        steering.state.reset(keep_accounts=data.keep_accounts if data else False)
        return {"status": "ok"}

    @get("/ours")
    async def ours(self) -> list[OurWord]:
        """What no document of Insider says, by the name that the header `x-sandbox-ours` tells."""
        return list(our_words())

    @get("/settings")
    async def read_settings(self, steering: NamedDependency[Steering]) -> SettingsView:
        return steering.settings_view()

    @patch("/settings")
    async def change_settings(self, data: JSONBody[SettingsWish], steering: NamedDependency[Steering]) -> SettingsView:
        if data.auth_errors is not msgspec.UNSET:
            steering.conditions.auth_errors = data.auth_errors
        if data.rate_limit is not msgspec.UNSET:
            steering.conditions.limits.override = data.rate_limit
            steering.conditions.limits.clear()
        if data.lag_seconds is not msgspec.UNSET:
            steering.conditions.lag_seconds = data.lag_seconds
            with steering.state.transaction():
                write_due(steering.state, None)
        return steering.settings_view()


class Arrivals(Controller):
    """What arrived: requests, users, events."""

    @get("/totals")
    async def totals(self, steering: NamedDependency[Steering]) -> dict[str, int]:
        waiting = {"pending_users": steering.state.pending.count(), "requests": steering.state.requests.count()}
        return {**steering.state.profiles.totals(), **waiting}

    @get("/requests")
    async def requests(
        self, steering: NamedDependency[Steering], limit: Limit = 50, before: Before = None
    ) -> list[RequestSummary]:
        return steering.state.requests.newest(limit=limit, before=before)

    @get("/requests/{request_id:int}")
    async def request_of_id(self, request_id: RowId, steering: NamedDependency[Steering]) -> RequestRecord:
        record = steering.state.requests.of_id(request_id)
        if record is None:
            raise NotFoundException(f"no request {request_id}")
        return record

    @get("/users")
    async def users(
        self,
        steering: NamedDependency[Steering],
        q: FromQuery[str] = "",
        partner: FromQuery[str | None] = None,
        limit: Limit = 50,
    ) -> list[Profile]:
        return steering.state.profiles.search(steering.account(partner), q, limit=limit)

    @get("/users/{profile_id:int}")
    async def user(
        self, profile_id: RowId, steering: NamedDependency[Steering], partner: FromQuery[str | None] = None
    ) -> UserView:
        profiles = steering.state.profiles
        profile = profiles.of_id(steering.account(partner), profile_id)
        if profile is None:
            raise NotFoundException(f"no user {profile_id}")
        history = steering.state.history.of_profile(profile_id)
        return UserView(profile, profiles.events(profile_id, limit=1000), profiles.ignored(profile_id), history)

    @get("/events")
    async def events(
        self, steering: NamedDependency[Steering], after: After = 0, limit: Limit = 1000
    ) -> list[StoredEvent]:
        return steering.state.profiles.arrivals(after=after, limit=limit)


class Ownership(Controller):
    """Accounts and their keys."""

    @get("/accounts")
    async def accounts(self, steering: NamedDependency[Steering]) -> list[Account]:
        return steering.state.accounts.all()

    @post("/accounts")
    async def add_account(self, data: JSONBody[AccountWish], steering: NamedDependency[Steering]) -> Account:
        return steering.state.accounts.add(data.partner, data.rules)

    @patch("/accounts/{partner:str}")
    async def change_account(
        self, partner: FromPath[str], data: JSONBody[AccountChange], steering: NamedDependency[Steering]
    ) -> Account:
        account = steering.account(partner)
        rules = msgspec.convert({**msgspec.to_builtins(account.rules), **data.rules}, AccountRules)
        renamed = data.partner or account.partner
        steering.state.accounts.change(account, partner=renamed, rules=rules)
        return steering.account(renamed)

    @get("/keys")
    async def keys(self, steering: NamedDependency[Steering], partner: FromQuery[str | None] = None) -> list[ApiKey]:
        return steering.state.accounts.keys(steering.account(partner))

    @post("/keys")
    async def add_key(self, data: JSONBody[KeyWish], steering: NamedDependency[Steering]) -> MadeKey:
        account = steering.account(data.partner)
        made, secret = steering.state.accounts.add_key(
            account,
            name=data.name,
            key=data.key,
            scopes=data.scopes,
            allowed_ips=data.allowed_ips,
            created_at=as_utc(steering.clock()),
        )
        return MadeKey(made.id, account.partner, made.name, secret)

    @delete("/keys/{key_id:int}")
    async def revoke_key(
        self, key_id: RowId, steering: NamedDependency[Steering], partner: FromQuery[str | None] = None
    ) -> None:
        if not steering.state.accounts.revoke(steering.account(partner), key_id):
            raise NotFoundException(f"no key {key_id}")


def control_routes(state: State, conditions: Conditions, clock: Clock) -> Router:
    steering = Steering(state, conditions, clock)

    def arrived() -> Steering:
        return steering.arrived()

    return Router(
        "/insider/_control",
        route_handlers=[FaultDoors, Weather, Arrivals, Ownership],
        dependencies={"steering": Provide(arrived, sync_to_thread=False), **faults_of(conditions.faults)},
        guards=[writes_come_from_here],
        exception_handlers={NotPossible: _conflict, msgspec.ValidationError: _invalid},
    )


def _conflict(_: Request[Any, Any, Any], error: NotPossible) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=409)


def _invalid(_: Request[Any, Any, Any], error: msgspec.ValidationError) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=400)
