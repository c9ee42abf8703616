"""What a vendor's bounds leave of a value: texts that are too long, objects of too many fields, times too far away."""

from typing import Any, Final

import msgspec

from datafly.spec.nodes import Around, Node
from datafly.spec.scope import Scope
from datafly.spec.source import NOTHING, SCOPE, Source
from datafly.spec.words import Refusal

_SHOWN: Final = 80


class Fits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the JSON of one item may be: its bytes, those of one text in it, and the entries of one list; 0: no bound.

    An item that is too large refuses its event; a text that is too long is left out, a list is cut, with a warning.
    """

    too_large: Refusal | None = None
    item_bytes: int = 0
    text_bytes: int = 0
    list_items: int = 0

    @property
    def harmless_bytes(self) -> int:
        """An item of at most so many bytes can break no bound: a text or a list in it takes at least its own room."""
        bounds = [self.item_bytes, self.text_bytes, 2 * self.list_items - 1]
        return min((bound for bound in bounds if bound > 0), default=2**62)

    def fitted(self, scope: Scope, body: Any, place: str = "") -> Any:
        """The same with what is too long left out or cut; None in place of a text that is left out."""
        if isinstance(body, str):
            return self._text(scope, body, place)
        if isinstance(body, list):
            return self._list(scope, body, place)
        if not isinstance(body, dict):
            return body
        found = (
            (name, self.fitted(scope, value, f"{place}.{name}" if place else name)) for name, value in body.items()
        )
        return {name: value for name, value in found if value is not None}

    def _text(self, scope: Scope, text: str, place: str) -> str | None:
        if not self.text_bytes or len(text.encode("utf-8", "surrogatepass")) <= self.text_bytes:
            return text
        scope.warn(f"{place[:_SHOWN]} is a text of more than {self.text_bytes:,} bytes; it was left out.")
        return None

    def _list(self, scope: Scope, values: list[Any], place: str) -> list[Any]:
        kept = values[: self.list_items] if self.list_items else values
        if len(kept) < len(values):
            scope.warn(f"{place[:_SHOWN]} has {len(values):,} entries; the first {self.list_items:,} are sent.")
        found = (self.fitted(scope, value, place) for value in kept)
        return [value for value in found if value is not None]


class Sized(Around, frozen=True, omit_defaults=True, tag="sized"):
    most: int
    refusal: Refusal | None = None

    def __str__(self) -> str:
        return f"{self.of} (at most {self.most} characters)"

    def write(self, source: Source) -> str:
        value = source.value(self.of)
        is_long = f"{source.is_there(value)} and len({value}) > {self.most}"
        if self.refusal is not None:
            source.line(f"if {is_long}: return {source.bind(self.refusal.ruling(source.making.hints), 'ruling')}")
            return value
        found = source.name("sized")
        warning = source.bind(f"{self.of} has more than {self.most} characters; it was left out.", "warning")
        source.line(f"{found} = {value}")
        with source.when(is_long):
            source.line(f"{SCOPE}.warn({SCOPE}.name({warning}))")
            source.line(f"{found} = None")
        return found


class Cut(Around, frozen=True, tag="cut"):
    most: int
    warning: str

    def __str__(self) -> str:
        return f"{self.of} (at most {self.most} fields)"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("cut")
        if value == NOTHING:
            return NOTHING
        cut = source.bind(_FirstFields(self.most, self.warning).of, "first_fields")
        source.line(f"{found} = {value}")
        source.line(f"if {source.is_there(value)} and len({value}) > {self.most}: {found} = {cut}({SCOPE}, {value})")
        return source.sure(found) if source.is_sure(value) else found


class _FirstFields(msgspec.Struct, frozen=True):
    most: int
    warning: str

    def of(self, scope: Scope, found: dict[str, Any]) -> dict[str, Any]:
        scope.warn(self.warning.format(count=len(found)))
        return dict(list(found.items())[: self.most])


class Timely(Node, frozen=True, tag="timely"):
    since_ms: int
    ahead_ms: int
    refusal: Refusal

    def __str__(self) -> str:
        return f"not sent ({self.refusal.reason}) if it happened too long ago or in the far future"

    def write(self, source: Source) -> str:
        ruling = source.bind(self.refusal.ruling(source.making.hints), "ruling")
        when, now = f"{SCOPE}.event.timestamp_ms", f"{SCOPE}.event.received_ms"
        source.line(f"if {when} < {self.since_ms} or {when} - {now} > {self.ahead_ms}: return {ruling}")
        return NOTHING


def sized(of: Node, most: int, refusal: Refusal | None = None) -> Sized:
    """A text of at most so many characters. A longer one is left out with a warning, or the event is not sent."""
    return Sized(of, most, refusal)


def cut(of: Node, most: int, warning: str) -> Cut:
    """An object; of one with more than so many fields the first ones, with a warning by `{count}`."""
    return Cut(of, most, warning)


def timely(since_ms: int, ahead_ms: int, refusal: Refusal) -> Timely:
    """A gate: an event that happened before `since_ms`, or more than `ahead_ms` after its receipt, is not sent."""
    return Timely(since_ms, ahead_ms, refusal)
