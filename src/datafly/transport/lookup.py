"""Where a name leads, asked before anything is sent there."""

import queue
import socket
import threading
from typing import Final

PATIENCE_SECONDS: Final = 2.0


def addresses_of(host: str) -> list[str]:
    """Its IP addresses now; none where it leads nowhere, or nobody says so in time. Blocking, for two seconds at most.

    By the system's resolver, which cannot be told to hurry: who does not answer in time is left to it.
    """
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_asked(host)), daemon=True).start()
    try:
        return answers.get(timeout=PATIENCE_SECONDS)
    except queue.Empty:
        return []


def _asked(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(one[4][0]) for one in found]
