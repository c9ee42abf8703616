"""What the routes work with, handed in by whoever composes the role."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from datafly.management.access_tokens import AccessTokens
from datafly.management.comparisons import Comparisons
from datafly.management.events_log import EventsLog
from datafly.management.identify import Identify
from datafly.management.rate import Rate
from datafly.management.settings import ManagementSettings
from datafly.management.vouching import SignOn
from datafly.model.clock import Clock
from datafly.model.consent import ConsentSettings
from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.erasure import Whom
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline
from datafly.model.verdict import Ruling
from datafly.spec.compiled import Compiled, Shaped
from datafly.spec.explaining import Explained
from datafly.spec.integration import Integration
from datafly.store.base import Control, Ledger
from datafly.store.incoming import Intake


class Catalog(Protocol):
    """The definitions that are installed with Signal."""

    def get(self, slug: str) -> Integration:
        """Raises `NotFound`."""

    def all(self) -> Sequence[Integration]: ...


class Trying(msgspec.Struct, frozen=True, kw_only=True):
    """How an event is tried without being sent. All but `ask` are pure.

    `shape`: what an event becomes. `explain`: where each value comes from, for one installation. `govern`: a pasted
    event (JSON, pipeline, what is decided on consent, now in epoch ms) as it would come out of the door and of
    processing, or why not. `ask`: the vendor's sandbox, one that knows nothing before, is sent each of these items by
    itself, in order, as the installation would but for its address and credentials; None where the vendor has none.
    """

    shape: Callable[[Compiled, Event, int], Shaped]
    explain: Callable[[Installation], Callable[[Event, int], Explained | Ruling]]
    govern: Callable[[bytes, Pipeline, ConsentSettings, int], Event | Ruling]
    ask: Callable[[Installation, Sequence[Item], int], Awaitable[list[Reply] | None]]


class WhoIs(Protocol):
    def __call__(self, *, user_id: str = "", anonymous_id: str = "", email: str = "") -> Whom:
        """With all ids that are known to belong to them. Blocks."""


def whom_as_asked(*, user_id: str = "", anonymous_id: str = "", email: str = "") -> Whom:
    """Where nothing is known of anybody."""
    users, visitors = ((one,) if one else () for one in (user_id, anonymous_id))
    return Whom(users, visitors, {"email": email} if email else {})


Exposed = Callable[[str], Awaitable[tuple[bytes, str]]]
"""What a scraper accepts → metrics in that form, and its content type."""


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """`raw`: what was received, as `log` is what was governed. `find_offset`: message id → its places in `events`.

    These, `compile`, `control`, `ledger` and `intake` block. `send`: one request to a vendor. `objection`: the
    error that `send` would have of an address now, or ""; it may take seconds. `stop`: the role ends; set before the
    server is told to.
    `exposed` None: there are no metrics to tell. `whom`: who that is.
    """

    settings: ManagementSettings
    control: Control
    ledger: Ledger
    intake: Intake
    catalog: Catalog
    log: EventsLog
    raw: EventsLog = EventsLog(())
    find_offset: Callable[[str], list[tuple[int, int]]]
    compile: Callable[[Installation], Compiled]
    send: Callable[[Outgoing], Awaitable[Reply]]
    objection: Callable[[str], str] = lambda _: ""
    whom: WhoIs = whom_as_asked
    clock: Clock
    access_tokens: AccessTokens
    identify: Identify
    rate: Rate
    stop: asyncio.Event
    trying: Trying
    exposed: Exposed | None = None
    comparisons: Comparisons = msgspec.field(default_factory=Comparisons)
    sso: SignOn | None = None


_STATE: Final = "services"


def hand_in(app: Litestar, services: Composed) -> None:
    """Routes are built before there are any services (decision 0138); from here on they can be called."""
    app.state[_STATE] = services


def services_in(app: Litestar) -> Composed:
    found: Composed = app.state[_STATE]
    return found


def services_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Composed:
    return services_in(connection.app)


Services = NamedDependency[SkipValidation[Composed]]
