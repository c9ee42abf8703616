"""The vendor sandboxes, on a port of their own; only in the demo."""

import asyncio
from collections.abc import Callable

from datafly.runtime.serve import plain_config, serve
from datafly.sandbox.app import create_app
from datafly.sandbox.settings import SandboxSettings
from datafly.settings import Settings


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    wanted = SandboxSettings(data_dir=settings.data_dir, auth_errors="catalogue", allowed_hosts=(settings.host,))
    app = create_app(wanted)
    try:
        await serve(plain_config(app, host=settings.host, port=settings.sandbox_port), stop, ready)
    finally:
        app.close()
