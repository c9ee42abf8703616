"""Attempts that were read lately, unpacked: one is of many events, read one after another."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from datafly.model.delivery import Attempt

_MOST_BYTES: Final = 32_000_000


class Unpacked:
    """An attempt never changes once it is written. For several threads; what was used longest ago goes first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, Attempt] = OrderedDict()
        self._lock = threading.Lock()

    def get_all(self, ids: Iterable[str], read: Callable[[list[str]], dict[str, Attempt]]) -> dict[str, Attempt]:
        """Those that there are. `read` is called once for all that are not kept."""
        wanted = sorted(ids)
        with self._lock:
            found = {one: self._kept[one] for one in wanted if one in self._kept}
            for one in found:
                self._kept.move_to_end(one)
        if missing := [one for one in wanted if one not in found]:
            read_now = read(missing)
            for one, attempt in read_now.items():
                self._keep(one, attempt)
            found |= read_now
        return found

    def _keep(self, attempt_id: str, attempt: Attempt) -> None:
        with self._lock:
            if attempt_id not in self._kept:
                self._kept[attempt_id] = attempt
                self._bytes += _size(attempt)
            while self._bytes > self._most_bytes:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= _size(gone)


def _size(attempt: Attempt) -> int:
    """About what it takes of memory."""
    return len(attempt.request.body) + len(attempt.response.body) + 100 * len(attempt.offsets) + 1_000
