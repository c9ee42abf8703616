import asyncio
import socket

import pytest

from datafly.runtime.serve import plain_config, serve

PATIENCE_SECONDS = 60.0


async def app(scope, _receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


@pytest.fixture
async def port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
    stop, started = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(plain_config(app, host="127.0.0.1", port=number), stop, started.set))
    await started.wait()
    yield number
    stop.set()
    await serving


async def answer(port, *pieces):
    """All that comes until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.read()
    except ConnectionError:
        return b"hung up"
    finally:
        writer.close()


async def test_headers_without_end_are_refused_instead_of_kept(port):
    endless = (b"X-%d: %b\r\n" % (number, b"x" * 1_000) for number in range(1_000))
    assert (await answer(port, b"GET / HTTP/1.1\r\n", *endless)).startswith((b"HTTP/1.1 400", b"hung up"))
    assert (await answer(port, b"GET / HTTP/1.0\r\n\r\n")).endswith(b"here")
