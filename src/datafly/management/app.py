"""The management API as one ASGI application."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from litestar import Litestar, Router
from litestar.datastructures import ResponseHeader, State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from datafly.log.base import Reader
from datafly.management import document
from datafly.management.access import Access
from datafly.management.access_tokens import PURPOSE, AccessTokens
from datafly.management.as_kept import AsKept
from datafly.management.erasing import Hidden
from datafly.management.events_log import EventsLog
from datafly.management.identify import Identify
from datafly.management.pages import coming_in, sso
from datafly.management.parameters import require_known
from datafly.management.place import STATE
from datafly.management.problems import of_fault, of_http_error, of_signal_error
from datafly.management.rate import Rate
from datafly.management.repeating import Repeating
from datafly.management.roles import table
from datafly.management.routes import (
    alerts,
    audit_log,
    auth,
    collector,
    config,
    consent,
    dead_letters,
    erasures,
    events,
    exposition,
    health,
    integrations,
    live_events,
    people,
    pipeline_keys,
    pipelines,
    rollout,
    sources,
    templates,
    tokens,
    users,
)
from datafly.management.routes import catalog as catalog_routes
from datafly.management.routes import intake as intake_routes
from datafly.management.routes import metrics as metrics_routes
from datafly.management.routes import trying as trying_routes
from datafly.management.services import Catalog, Composed, Trying, services_in
from datafly.management.settings import ManagementSettings
from datafly.management.vouching import SignOn
from datafly.model.clock import Clock
from datafly.model.delivery import Outgoing, Reply
from datafly.model.errors import SignalError
from datafly.model.installation import Installation
from datafly.spec.compiled import Compiled
from datafly.store.base import Control, Ledger
from datafly.store.incoming import Intake

_FAILURES: Final[ExceptionHandlersMap] = {
    SignalError: of_signal_error,
    HTTPException: of_http_error,
    Exception: of_fault,
}
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def create_management(settings: ManagementSettings) -> Litestar:
    """Its routes; before it is called, `services.hand_in` what they work with (`compose`)."""
    app = Litestar(
        _routers(),
        dependencies={"services": Provide(lambda: services_in(app), sync_to_thread=False)},
        guards=[require_known],
        middleware=[Access(table(metrics_open=settings.metrics_open)), Repeating()],
        state=State({STATE: settings}),
        exception_handlers=_FAILURES,
        openapi_config=document.config(),
        plugins=[document.BareStructs()],
        request_max_body_size=settings.max_body_bytes,
        response_headers=[ResponseHeader(name=name, value=value) for name, value in _HEADERS.items()],
        on_shutdown=[_close],
        logging_config=None,
    )
    return app


def _close(app: Litestar) -> None:
    services = services_in(app)
    services.log.close()
    services.raw.close()


def compose(
    settings: ManagementSettings,
    *,
    control: Control,
    ledger: Ledger,
    intake: Intake,
    catalog: Catalog,
    readers: Sequence[Callable[[], Reader]],
    find_offset: Callable[[str], list[tuple[int, int]]],
    compile: Callable[[Installation], Compiled],  # noqa: A002 - the word for it
    send: Callable[[Outgoing], Awaitable[Reply]],
    clock: Clock,
    stop: asyncio.Event,
    trying: Trying,
    raw_readers: Sequence[Callable[[], Reader]] = (),
    objection: Callable[[str], str] = lambda _: "",
) -> Composed:
    """`readers` open the partitions of `events` in order, `raw_readers` those of `raw`; the rest as in `Composed`."""
    access_tokens, as_kept = _access_tokens(settings, control, clock), AsKept(control, clock)
    return Composed(
        settings=settings,
        control=control,
        ledger=ledger,
        intake=intake,
        catalog=catalog,
        log=EventsLog(readers, Hidden(control, clock), as_kept.events),
        raw=EventsLog(raw_readers, as_kept=as_kept.received),
        find_offset=find_offset,
        compile=compile,
        send=send,
        objection=objection,
        clock=clock,
        access_tokens=access_tokens,
        identify=Identify(control, access_tokens, session_seconds=settings.session_seconds),
        rate=Rate(clock.monotonic),
        sso=_single_sign_on(settings, control, clock),
        stop=stop,
        trying=trying,
    )


def _access_tokens(settings: ManagementSettings, control: Control, clock: Clock) -> AccessTokens:
    return AccessTokens(control.signing_key(PURPOSE), clock, lasts_seconds=settings.access_token_seconds)


def _single_sign_on(settings: ManagementSettings, control: Control, clock: Clock) -> SignOn | None:
    if settings.oidc is None:
        return None
    from datafly.management.single_sign_on import PURPOSE, SingleSignOn  # noqa: PLC0415 - heavy, and most have none

    return SingleSignOn(settings.oidc, control.signing_key(PURPOSE), clock)


def _routers() -> list[Router]:
    return [
        health.router,
        exposition.router,
        catalog_routes.router,
        pipelines.router,
        pipeline_keys.router,
        sources.router,
        collector.router,
        consent.router,
        config.router,
        intake_routes.router,
        integrations.router,
        rollout.router,
        trying_routes.router,
        trying_routes.comparison_router,
        templates.router,
        live_events.router,
        events.router,
        people.router,
        erasures.router,
        metrics_routes.router,
        *alerts.routers,
        dead_letters.dead_letter_router,
        dead_letters.replay_router,
        tokens.router,
        auth.router,
        users.router,
        audit_log.router,
        coming_in.router,
        sso.router,
    ]
