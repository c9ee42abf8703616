"""Ports for servers that a test starts."""

import secrets
import socket
from contextlib import ExitStack
from typing import Final

_FIRST: Final = 15_000
_LAST: Final = 32_000
"""Below those that systems give to whoever asks for any: what is free when a test looks is so when its server comes."""


def free_ports(count: int) -> list[int]:
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = _FIRST + secrets.randbelow(_LAST - _FIRST)
            try:
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            found.append(port)
    return found
