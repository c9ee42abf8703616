"""Serves an ASGI application until told to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from datafly.model.errors import OperatorError


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the role's own business (`runtime.child`)."""
        yield


def plain_config(app: Any, *, host: str, port: int) -> uvicorn.Config:
    """For the applications that are not the hot path: management and sandbox. h11 bounds the headers, 64 KB."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http="h11",
        ws="none",
        lifespan="auto",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )


async def serve(
    config: uvicorn.Config, stop: asyncio.Event, ready: Callable[[], None], *, on: socket.socket | None = None
) -> None:
    """Returns once `stop` is set and what was under way is answered. Raises `OperatorError` if it cannot listen.

    `on`: a socket that is bound already.
    """
    server = _Server(config)
    serving = asyncio.create_task(_serve(server, on))
    stopped = asyncio.create_task(stop.wait())
    try:
        await _started(server, serving)
        ready()
        await asyncio.wait([serving, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        server.should_exit = True
        await serving


async def _serve(server: uvicorn.Server, on: socket.socket | None) -> None:
    try:
        await server.serve(sockets=[on] if on else None)
    except SystemExit as error:
        where = f"{server.config.host}:{server.config.port}"
        raise OperatorError(f"The server on {where} ended with status {error.code}; is the port in use?") from error


async def _started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn tells by this flag alone
        await asyncio.sleep(0.01)
    if serving.done():
        await serving
