"""One event while it is shaped: what a written mapping reads of it, and where it notes what a person should know."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from datafly.model.event import Event

_LINE: Final = re.compile(r"(?<![\w.])line\.")
MOST_WARNINGS: Final = 100
"""They are kept with every attempt; nobody reads more."""
_LAST_SECOND: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, the last that RFC 3339 can write."""


class Scope:
    """`lines`: the product lines of an event that has them; `line_index`: the one at hand.

    `properties`: those of the event, less what of them is its one line, see `spec.integration.Lines`.
    """

    __slots__ = ("event", "line_index", "lines", "now_ms", "properties", "warnings")

    def __init__(self, event: Event, now_ms: int) -> None:
        self.event = event
        self.now_ms = now_ms
        self.properties: dict[str, Any] = event.properties
        self.line_index = 0
        self.lines: list[dict[str, Any]] | None = None
        self.warnings: list[str] = []

    @property
    def traits(self) -> dict[str, Any]:
        """Those of a group event are its group's."""
        known, told = self.event.known_traits, self.event.traits
        if not told or self.event.type == "group":
            return known
        return {**known, **told} if known else told

    @property
    def group_traits(self) -> dict[str, Any]:
        return self.event.traits if self.event.type == "group" else {}

    @property
    def timestamp(self) -> str:
        """RFC 3339 in UTC; milliseconds only where there are any."""
        seconds, milliseconds = divmod(self.event.timestamp_ms, 1000)
        if not 0 <= seconds <= _LAST_SECOND:
            seconds, milliseconds = min(max(seconds, 0), _LAST_SECOND), 0
        return f"{_second(seconds)}.{milliseconds:03d}Z" if milliseconds else f"{_second(seconds)}Z"

    @property
    def place(self) -> str:
        """What `line` is, in the words of who sent the event."""
        return "properties" if self.lines is None else f"products[{self.line_index}]"

    def warn(self, sentence: str) -> None:
        said = self.warnings
        if len(said) < MOST_WARNINGS and sentence not in said:
            said.append(sentence if len(said) < MOST_WARNINGS - 1 else "There is more like this; it is not told.")

    def name(self, words: str) -> str:
        """`words` of a mapping, with the line at hand named."""
        return _LINE.sub(f"{self.place}.", words)


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
