"""What the store keeps of what came in, as the protocol its users need; as `store.base`."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from datafly.model.refusal import IntakeCount, KeptRefusal


class Span(msgspec.Struct, frozen=True):
    """Counts of one span of time that began at `began_ms`: code → events."""

    began_ms: int
    counts: dict[str, int]


class Intake(Protocol):
    """What came in and what was refused. Every process that takes or refuses adds what it saw."""

    def add(self, counts: Sequence[IntakeCount], refusals: Sequence[KeptRefusal], *, most: int) -> None:
        """In one transaction. Of each pipeline and code the newest `most` refusals stay."""

    def totals(self, pipeline_id: str) -> dict[str, int]:
        """Code → events, since counting began; never falls."""

    def spans(self, pipeline_id: str, *, seconds: int, since_ms: int) -> list[Span]:
        """Oldest first, those in which anything came. `seconds`: 60 or 3600."""

    def refusals(
        self, pipeline_id: str | None, *, code: str | None = None, before_id: int | None = None, limit: int = 50
    ) -> list[tuple[int, KeptRefusal]]:
        """Newest first, with the row id to page on."""

    def forget(self, *, before_ms: int, now_ms: int) -> None:
        """Refusals older than that; minutes of more than a day ago, hours of more than 45 days ago."""
