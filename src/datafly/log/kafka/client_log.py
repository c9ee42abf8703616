"""What the client library would write to a log becomes events, and not a hundred of them a second."""

import time
from typing import Any, Final

from datafly.observe.base import emit
from datafly.observe.log import LogClientTold

_NO_WONDER: Final = "CONFWARN"
"""A property for readers is no use to writers, and the other way round: that is how they are given here."""
_QUIET_SECONDS: Final = 10.0
"""A broker that is away is told of with each attempt to reach it."""


class ClientLog:
    """What librdkafka takes for a logger."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def log(self, _level: int, form: str, *parts: Any) -> None:
        facility = str(parts[0]) if parts else ""
        if facility != _NO_WONDER and time.monotonic() >= self._next.get(facility, 0.0):
            self._next[facility] = time.monotonic() + _QUIET_SECONDS
            emit(LogClientTold(form % parts))


CLIENT_LOG: Final = ClientLog()
