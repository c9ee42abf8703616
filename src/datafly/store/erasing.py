"""What the store keeps of those who were erased. A part of `Control`."""

from collections.abc import Sequence
from typing import Protocol

from datafly.model.erasure import Erased, Erasure, ErasureCall, Whom


class Erasing(Protocol):
    """Raises `NotFound`."""

    def erase(self, whom: Whom, calls: Sequence[ErasureCall], *, created_by: str) -> Erasure:
        """From its moment on what came of them before is not sent any more. `calls` get its id and time."""

    def erasures(self) -> list[Erasure]:
        """Newest first, with their calls."""

    def erasure(self, erasure_id: str) -> Erasure: ...

    def erased(self) -> Erased:
        """All who were ever erased here."""

    def due_calls(self, now_ms: int, *, limit: int = 50) -> list[tuple[ErasureCall, Whom]]:
        """Those to be made by then, the longest due first."""

    def keep_call(self, call: ErasureCall) -> None:
        """How it stands. When all are done, it is forgotten who it was."""

    def retry_calls(self, erasure_id: str) -> Erasure:
        """Those that a vendor did not do are made again, at once, as long as it is known who it is."""
