"""The management API on its port."""

import asyncio
import gc
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import msgspec

from datafly.log.base import EVENTS, RAW, Log, Reader
from datafly.management.alerts.watch import Watch
from datafly.management.app import compose
from datafly.management.backlog import LOOK_SECONDS, note_waiting
from datafly.management.figures import standings
from datafly.management.services import Composed
from datafly.management.settings import ManagementSettings, OidcSettings, SmtpSettings
from datafly.management.web.app import Site
from datafly.management.web.frame import warm
from datafly.model.errors import OperatorError
from datafly.model.people import RoleName
from datafly.observe import add_measure
from datafly.runtime.chores import every
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log, open_transport
from datafly.runtime.figures import exposed_of_all
from datafly.runtime.installations import OperatorsCatalog, compiler
from datafly.runtime.looked_up import Lookup, looked_up
from datafly.runtime.people import gateway_url
from datafly.runtime.prepare import open_the_store
from datafly.runtime.serve import plain_config, serve
from datafly.runtime.trying import trying
from datafly.settings import Settings
from datafly.store.open import SqlStore
from datafly.transport.http import HttpTransport

_COLLECTED_AFTER = (2_000, 10, 10)
"""Pages and statements leave cycles behind; where events fly, one looks for them less often (`runtime.child`)."""


def management_settings(settings: Settings) -> ManagementSettings:
    return ManagementSettings(
        public_url=settings.management_url.rstrip("/"),
        gateway_url=gateway_url(settings),
        trusted_proxies=tuple(_listed(settings.trusted_proxies)),
        session_requests_per_minute=settings.session_requests_per_minute,
        token_requests_per_minute=settings.token_requests_per_minute,
        oidc=_single_sign_on(settings),
        smtp=_smtp(settings),
        erase_after_seconds=settings.erase_after_seconds,
        data_dir=settings.data_dir,
        metrics_open=settings.metrics_open,
        message_index=settings.message_index or not settings.log_url,
    )


def _single_sign_on(settings: Settings) -> OidcSettings | None:
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id or settings.oidc_client_secret is None:
        raise OperatorError("oidc_issuer is set, so oidc_client_id and oidc_client_secret must be too.")
    return OidcSettings(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        allowed_domains=tuple(one.lower().removeprefix("@") for one in _listed(settings.oidc_allowed_domains)),
        role_claim=settings.oidc_role_claim,
        roles=tuple(_mapping(one) for one in _listed(settings.oidc_roles)),
        trust_email=settings.oidc_trust_email,
    )


def _smtp(settings: Settings) -> SmtpSettings | None:
    if not settings.smtp_host:
        return None
    if not settings.smtp_from:
        raise OperatorError("smtp_host is set, so smtp_from must be too: the address that alerts are sent from.")
    return SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        user=settings.smtp_user,
        password=settings.smtp_password,
        security=settings.smtp_security,
    )


def _mapping(entry: str) -> tuple[str, RoleName]:
    value, _, role = entry.rpartition("=")
    return value.strip(), msgspec.convert(role.strip(), RoleName)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


@cache
def _site(settings: ManagementSettings) -> Site:
    return Site(settings)


def prepare(settings: Settings) -> None:
    """Routes and pages, 15 MB of them, are built where every copy of this process finds them (decision 0138)."""
    _do_without_pydantic()
    plain_config(_site(management_settings(settings)), host=settings.host, port=settings.management_port).load()
    warm()


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    prepare(settings)
    gc.set_threshold(*_COLLECTED_AFTER)
    store = open_the_store(settings)
    log = await asyncio.to_thread(open_log, settings)
    transport = open_transport(settings)
    try:
        async with looked_up(settings, log) as lookup:
            services = _composed(settings, store, log, transport, lookup=lookup, stop=stop)
            await _serve(settings, store, services, ready)
    finally:
        await transport.close()
        store.close()


def _composed(
    settings: Settings, store: SqlStore, log: Log, transport: HttpTransport, *, lookup: Lookup, stop: asyncio.Event
) -> Composed:
    services = compose(
        management_settings(settings),
        control=store.control,
        ledger=store.ledger,
        intake=store.intake,
        catalog=OperatorsCatalog(settings),
        readers=_readers(log, EVENTS),
        find_offset=lookup.find_offset,
        compile=compiler(settings),
        send=transport.send,
        objection=transport.foreseen,
        clock=SystemClock(),
        stop=stop,
        trying=trying(settings),
        raw_readers=_readers(log, RAW),
    )
    exposed = partial(exposed_of_all, settings.data_dir)
    return msgspec.structs.replace(services, exposed=exposed, whom=lookup.whom)


def _readers(log: Log, stream: str) -> list[Callable[[], Reader]]:
    return [partial(log.reader, stream, partition, leaps=True) for partition in range(log.partitions(stream))]


async def _serve(settings: Settings, store: SqlStore, services: Composed, ready: Callable[[], None]) -> None:
    site = _site(management_settings(settings))
    site.open(services)
    add_measure(partial(standings, services))
    turn, looking = store.turn("alerts"), store.turn("backlog")
    watching = [
        asyncio.create_task(Watch(services, turn.is_mine).run()),
        asyncio.create_task(every(LOOK_SECONDS, _noting_waiting(services, looking.is_mine))),
    ]
    try:
        config = plain_config(site, host=settings.host, port=settings.management_port)
        await serve(config, services.stop, ready)
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        turn.end()
        looking.end()


def _noting_waiting(services: Composed, is_mine: Callable[[], bool]) -> Callable[[], None]:
    def note_what_waits() -> None:
        if is_mine():
            note_waiting(services)

    return note_what_waits


def _do_without_pydantic() -> None:
    """Litestar serves models of pydantic where it can import that. There are none here: it would cost 8 MB."""
    modules: Any = sys.modules  # None, which its type does not know, is what cannot be had
    modules.setdefault("pydantic", None)
