"""How the gateway is served: uvicorn with uvloop and httptools (decision 0040)."""

import uvicorn

from datafly.ingest.connection import connection_type
from datafly.ingest.wire import App


def server_config(
    app: App,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    head_seconds: float = 30.0,
    most: int = 5_000,
    most_at_once: int = 32 * 1024 * 1024,
) -> uvicorn.Config:
    """`head_seconds`: how long a request's headers may take. `most`: so many connections may be open. `most_at_once`:
    so many bytes are read of all of them together before requests have a turn.

    The application reads proxies' headers itself, by its own rule, and tells what happens by telemetry.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=connection_type(head_seconds=head_seconds, most=most, most_at_once=most_at_once),
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        backlog=2048,
    )
