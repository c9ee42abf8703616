"""What a vendor's bounds leave of a value: texts that are too long, objects of too many fields, times too far away."""

from typing import Any, Final

import msgspec

from datafly.spec.nodes import Around, Node
from datafly.spec.scope import Scope
from datafly.spec.source import NOTHING, SCOPE, Source
from datafly.spec.words import Refusal

_SHOWN: Final = 80
_MOST_NAMES: Final = 4096


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


class AtMost(Around, frozen=True, tag="at_most"):
    most: float
    refusal: Refusal

    def __str__(self) -> str:
        return f"{self.of} (at most {self.most:g})"

    def write(self, source: Source) -> str:
        value, ruling = source.value(self.of), source.bind(self.refusal.ruling(source.making.hints), "ruling")
        source.line(f"if {source.is_there(value)} and {value} > {self.most!r}: return {ruling}")
        return value


class Trimmed(Around, frozen=True, omit_defaults=True, tag="trimmed"):
    text: int
    name: int
    reserved: tuple[str, ...] = ()
    prefix: str = ""

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("trimmed")
        if value == NOTHING:
            return NOTHING
        kept = source.bind(_Trimming(self.text, self.name, frozenset(self.reserved), self.prefix).of, "trimming")
        source.line(f"{found} = {kept}({SCOPE}, {value}) if {value} is not None else None")
        return found


class _Trimming:
    def __init__(self, text: int, name: int, reserved: frozenset[str], prefix: str) -> None:
        self._text = text
        self._name = name
        self._reserved = reserved
        self._prefix = prefix or "\0"
        self._usual: set[str] = set()
        """Names that were found to be fine; senders repeat themselves."""

    def of(self, scope: Scope, found: dict[str, Any]) -> dict[str, Any] | None:
        longest, usual = self._text, self._usual
        for name, value in found.items():
            kind = type(value)
            if name not in usual or (kind is str and len(value) > longest) or kind is list or kind is dict:
                return self._careful(scope, found)
        return found

    def _careful(self, scope: Scope, found: dict[str, Any]) -> dict[str, Any] | None:
        kept: dict[str, Any] = {}
        for name, value in found.items():
            if not self._is_free(name):
                scope.warn(f"{name[:_SHOWN]} is no name that the vendor takes; it was left out.")
            elif (fitting := self._fitting(scope, name, value)) is not None:
                kept[name] = fitting
        return kept or None

    def _is_free(self, name: str) -> bool:
        if name in self._usual:
            return True
        free = 0 < len(name) <= self._name and name not in self._reserved and not name.startswith(self._prefix)
        if free and len(self._usual) < _MOST_NAMES:
            self._usual.add(name)
        return free

    def _fitting(self, scope: Scope, place: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) > self._text:
            scope.warn(f"{place[:_SHOWN]} is a text of more than {self._text} characters; it was left out.")
            return None
        if isinstance(value, list):
            inner = (self._fitting(scope, place, one) for one in value)
            return [one for one in inner if one is not None] or None
        if isinstance(value, dict):
            told = ((name, self._fitting(scope, f"{place}.{name}", one)) for name, one in value.items())
            return {name: one for name, one in told if one is not None} or None
        return value


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


def at_most(of: Node, most: float, refusal: Refusal) -> AtMost:
    """A number; with a greater one the event is not sent."""
    return AtMost(of, most, refusal)


def trimmed(of: Node, text: int, name: int, *, reserved: tuple[str, ...] = (), prefix: str = "") -> Trimmed:
    """An object without texts of more than `text` characters at any depth, and without fields of its own whose name is
    empty, longer than `name`, `reserved`, or begins with `prefix`; each with a warning. Nothing where none is left.
    """
    return Trimmed(of, text, name, reserved, prefix)


def timely(since_ms: int, ahead_ms: int, refusal: Refusal) -> Timely:
    """A gate: an event that happened before `since_ms`, or more than `ahead_ms` after its receipt, is not sent."""
    return Timely(since_ms, ahead_ms, refusal)
