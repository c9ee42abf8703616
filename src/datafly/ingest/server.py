"""How the gateway is served: uvicorn with uvloop and httptools (decision 0040)."""

import uvicorn

from datafly.ingest.connection import connection_type
from datafly.ingest.wire import App


def server_config(
    app: App, *, host: str = "127.0.0.1", port: int = 8080, head_seconds: float = 30.0, most: int = 5_000
) -> uvicorn.Config:
    """`head_seconds`: how long a request's headers may take. `most`: so many connections may be open.

    The application reads proxies' headers itself, by its own rule, and tells what happens by telemetry.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=connection_type(head_seconds, most),
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
