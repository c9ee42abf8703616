"""The management API on its port."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from datafly import catalog
from datafly.log.base import EVENTS, Reader
from datafly.management.app import create_management
from datafly.management.settings import ManagementSettings
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log
from datafly.runtime.installations import compiler
from datafly.runtime.lookup import open_lookup
from datafly.runtime.prepare import open_the_store
from datafly.runtime.serve import plain_config, serve
from datafly.settings import Settings
from datafly.transport.http import HttpTransport


def _settings(settings: Settings) -> ManagementSettings:
    proxies = tuple(one.strip() for one in settings.trusted_proxies.split(",") if one.strip())
    return ManagementSettings(
        public_url=settings.management_url.rstrip("/"),
        trusted_proxies=proxies,
        session_requests_per_minute=settings.session_requests_per_minute,
        token_requests_per_minute=settings.token_requests_per_minute,
    )


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    _do_without_pydantic()
    store = open_the_store(settings)
    log = open_log(settings)
    lookup = open_lookup(settings)
    transport = HttpTransport(allow_private=settings.allow_private_endpoints)

    def open_events() -> Reader:
        return log.reader(EVENTS, 0)

    app = create_management(
        _settings(settings),
        control=store.control,
        ledger=store.ledger,
        intake=store.intake,
        catalog=catalog,
        readers=[open_events],
        find_offset=lookup.find_offset,
        compile=compiler(settings),
        send=transport.send,
        clock=SystemClock(),
        stop=stop,
    )
    try:
        await serve(plain_config(app, host=settings.host, port=settings.management_port), stop, ready)
    finally:
        await transport.close()
        lookup.close()
        store.close()


def _do_without_pydantic() -> None:
    """Litestar serves models of pydantic where it can import that. There are none here: it would cost 8 MB."""
    modules: Any = sys.modules  # None, which its type does not know, is what cannot be had
    modules.setdefault("pydantic", None)
