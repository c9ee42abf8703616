"""Faults on demand: what a vendor does on a bad day, asked for by header or queued by the control API."""

from collections import deque
from typing import Literal, get_args

import msgspec

Spoil = Literal["truncated", "malformed"]
HEADER = "x-sandbox-fault"


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One kind of bad day, for the next `count` requests (None: until cleared).

    `delay_ms` alone only slows the answer. `status` answers in the request's stead; with `applied` the request
    takes effect all the same. `drop` resets the connection before or after the request takes effect. `spoil` takes the
    end of the answer's body away: malformed as if it were whole, truncated by a connection that ends too early.
    """

    status: int | None = None
    count: int | None = 1
    retry_after: int | None = None
    delay_ms: int = 0
    drop: Literal["before", "after"] | None = None
    spoil: Spoil | None = None
    applied: bool = False
    body: str | None = None

    def __post_init__(self) -> None:
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("status is between 200 and 599")
        if self.count is not None and self.count < 1:
            raise ValueError("count is at least 1, or null for every request until cleared")
        if self.retry_after is not None and self.retry_after < 0:
            raise ValueError("retry_after is at least 0")
        if not 0 <= self.delay_ms <= 600_000:
            raise ValueError("delay_ms is between 0 and 600000")
        if self.drop and (self.spoil or self.status is not None):
            raise ValueError("a dropped connection has neither status nor body to spoil")

    @property
    def takes_effect(self) -> bool:
        """Whether the request is applied in spite of the fault."""
        return self.applied or self.drop == "after" or (self.status is None and self.drop is None)


def parse_fault(header: str) -> Fault:
    """A fault from a header such as `503`, `truncated`, `status=429; retry_after=2` or `drop=after; delay_ms=50`.

    Raises ValueError (msgspec's ValidationError among them) where it cannot be read.
    """
    fields = [part.strip() for part in header.split(";") if part.strip()]
    pairs = dict(_pair(field) for field in fields)
    return msgspec.convert(pairs, Fault, strict=False)


def _pair(field: str) -> tuple[str, str]:
    name, separator, value = field.partition("=")
    if separator:
        return name.strip(), value.strip()
    return ("spoil" if name in get_args(Spoil) else "status"), name.strip()


class FaultQueue:
    """Queued faults, spent in order; they do not survive a restart."""

    def __init__(self) -> None:
        self._queue: deque[Fault] = deque()

    def add(self, fault: Fault) -> None:
        self._queue.append(fault)

    def clear(self) -> None:
        self._queue.clear()

    def waiting(self) -> list[Fault]:
        return list(self._queue)

    def take(self) -> Fault | None:
        """The fault for the request at hand, if one is queued."""
        if not self._queue:
            return None
        fault = self._queue[0]
        if fault.count is None:
            return fault
        self._queue.popleft()
        if fault.count > 1:
            self._queue.appendleft(msgspec.structs.replace(fault, count=fault.count - 1))
        return fault
