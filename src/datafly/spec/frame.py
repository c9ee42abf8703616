"""How items stand in the body of a request: a template with marks, cut once, so that bytes are all that is joined."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar

import msgspec

from datafly.model.delivery import Item

ITEMS: Final = "$items"
"""In a list of a template: here stand the items, or the groups of items."""
ITEM: Final = "$item"
"""The item itself; as the name of a field: the fields of the item."""
GROUP: Final = "$group"
"""What the items of a group have in common."""

P = TypeVar("P")
_Spine = tuple[str, ...]


class Layout(Protocol):
    """Where each item of a request stands. `items` of `body` are in the order of `arrange`."""

    def arrange(self, items: Sequence[Item]) -> list[int] | None:
        """The order in which they stand in the body; None: as they come."""

    def body(self, items: Sequence[Item]) -> bytes: ...

    def pick(self, body: str, index: int) -> str | None:
        """What of the body the item at `index` caused; None where there is none."""


class Frame:
    """A template, cut at its marks."""

    def __init__(self, template: Any, *marks: str) -> None:
        text = msgspec.json.encode(template)
        self._pieces: list[bytes] = []
        self._splices: list[bool] = []
        for mark in marks:
            before, is_splice, text = _cut(text, mark)
            self._pieces.append(before)
            self._splices.append(is_splice)
        self._last = text

    def around(self) -> tuple[bytes, bytes] | None:
        """Of one value that is put in whole."""
        return None if self._splices != [False] else (self._pieces[0], self._last)

    def filled(self, *values: bytes) -> bytes:
        parts: list[bytes] = []
        for piece, splice, value in zip(self._pieces, self._splices, values, strict=True):
            parts += (piece, value[1:-1] if splice else value)
        return b"".join((*parts, self._last))


class Whole:
    """A request is one item."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        self._framed = _framing(item)

    def arrange(self, _items: Sequence[Item]) -> list[int] | None:
        return None

    def body(self, items: Sequence[Item]) -> bytes:
        return self._framed(items[0])

    def pick(self, _body: str, _index: int) -> str | None:
        return None


class Listed:
    """All items in one list, somewhere in the body."""

    def __init__(self, wrap: Mapping[str, Any], item: Mapping[str, Any]) -> None:
        self._wrap = Frame(wrap, ITEMS)
        self._framed = _framing(item)
        self._spine = spine_of(wrap, ITEMS)

    def arrange(self, _items: Sequence[Item]) -> list[int] | None:
        return None

    def body(self, items: Sequence[Item]) -> bytes:
        return self._wrap.filled(b",".join([self._framed(item) for item in items]))

    def pick(self, body: str, index: int) -> str | None:
        levels, found = _opened(body, self._spine)
        return _closed(levels, self._spine, [found[index]]) if index < len(found) else None


class Parted:
    """Each item in the list of its part; a list of which there is none is left out."""

    def __init__(self, parts: Sequence[str], also: Mapping[str, Any]) -> None:
        self._parts = tuple(parts)
        self._also = [msgspec.json.encode({name: value})[1:-1] for name, value in also.items()]
        self._rank = {part: rank for rank, part in enumerate(parts)}

    def arrange(self, items: Sequence[Item]) -> list[int] | None:
        ranks = [self._rank[item.part] for item in items]
        return sorted(range(len(items)), key=ranks.__getitem__) if ranks != sorted(ranks) else None

    def body(self, items: Sequence[Item]) -> bytes:
        lists: dict[str, list[bytes]] = {}
        for item in items:
            lists.setdefault(item.part, []).append(item.body)
        told = [b'"%s":[%s]' % (part.encode(), b",".join(lists[part])) for part in self._parts if part in lists]
        return b"{" + b",".join([*self._also, *told]) + b"}"

    def pick(self, body: str, index: int) -> str | None:
        sent = _parts(body, dict[str, msgspec.Raw], {})
        for part in self._parts:
            found = _parts(sent.get(part, msgspec.Raw(b"[]")), list[msgspec.Raw], [])
            if index < len(found):
                kept = {name: value for name, value in sent.items() if name not in self._rank}
                return msgspec.json.encode({**kept, part: [found[index]]}).decode()
            index -= len(found)
        return None


class Grouped:
    """Items that have something in common stand together, under it."""

    def __init__(self, wrap: Mapping[str, Any], group: Mapping[str, Any], item: Mapping[str, Any]) -> None:
        self._wrap = Frame(wrap, ITEMS)
        self._group = Frame(group, *_in_order(group, GROUP, ITEMS))
        self._group_first = _in_order(group, GROUP, ITEMS)[0] == GROUP
        self._framed = _framing(item)
        self._spine = spine_of(wrap, ITEMS)
        self._inner = spine_of(group, ITEMS)

    def arrange(self, items: Sequence[Item]) -> list[int] | None:
        rank: dict[bytes, int] = {}
        ranks = [rank.setdefault(item.group, len(rank)) for item in items]
        return sorted(range(len(items)), key=ranks.__getitem__) if ranks != sorted(ranks) else None

    def body(self, items: Sequence[Item]) -> bytes:
        groups: dict[bytes, list[bytes]] = {}
        for item in items:
            groups.setdefault(item.group, []).append(self._framed(item))
        return self._wrap.filled(b",".join([self._grouped(group, framed) for group, framed in groups.items()]))

    def pick(self, body: str, index: int) -> str | None:
        levels, groups = _opened(body, self._spine)
        for group in groups:
            inner, found = _opened(bytes(group).decode(), self._inner)
            if index < len(found):
                own = _closed(inner, self._inner, [found[index]])
                return _closed(levels, self._spine, [msgspec.Raw(own.encode())])
            index -= len(found)
        return None

    def _grouped(self, group: bytes, framed: Sequence[bytes]) -> bytes:
        values = (group, b",".join(framed))
        return self._group.filled(*(values if self._group_first else reversed(values)))


def places_of(groups: Sequence[bytes]) -> list[tuple[int, int]]:
    """Of items in the order of `Grouped`: which group each is in, and its place there."""
    rank: dict[bytes, int] = {}
    counts: dict[bytes, int] = {}
    places = []
    for group in groups:
        place = counts.get(group, 0)
        counts[group] = place + 1
        places.append((rank.setdefault(group, len(rank)), place))
    return places


def spine_of(template: Any, mark: str) -> _Spine:
    """The names that lead to the list that holds the mark. Raises ValueError where there is none."""
    found = _spine(template, mark)
    if found is None:
        raise ValueError(f"no list of the template holds {mark}")
    return found


def count_of(template: Any, mark: str) -> int:
    return msgspec.json.encode(template).count(f'"{mark}"'.encode())


def _spine(template: Any, mark: str) -> _Spine | None:
    if isinstance(template, list):
        return () if mark in template else None
    for name, inner in template.items() if isinstance(template, dict) else ():
        if (found := _spine(inner, mark)) is not None:
            return (name, *found)
    return None


def _framing(item: Mapping[str, Any]) -> Callable[[Item], bytes]:
    if not item:
        return _plain
    framed = _Framed(item)
    around = framed.around()
    return _between(*around) if around else framed


def _between(before: bytes, after: bytes) -> Callable[[Item], bytes]:
    return lambda item: before + item.body + after


class _Framed:
    def __init__(self, item: Mapping[str, Any]) -> None:
        self._marks = _in_order(item, GROUP, ITEM)
        self._frame = Frame(item, *self._marks)

    def around(self) -> tuple[bytes, bytes] | None:
        """What stands before and after the item, where nothing else is put in."""
        return self._frame.around() if self._marks == [ITEM] else None

    def __call__(self, item: Item) -> bytes:
        values = {GROUP: item.group, ITEM: item.body}
        return self._frame.filled(*(values[mark] for mark in self._marks))


def _plain(item: Item) -> bytes:
    return item.body


def _in_order(template: Mapping[str, Any], *marks: str) -> list[str]:
    """Those that are there, as they stand."""
    text = msgspec.json.encode(template)
    places = {mark: text.find(f'"{mark}"'.encode()) for mark in marks}
    return sorted((mark for mark in marks if places[mark] >= 0), key=places.__getitem__)


def _cut(text: bytes, mark: str) -> tuple[bytes, bool, bytes]:
    quoted = f'"{mark}"'.encode()
    before, found, after = text.partition(quoted)
    if not found:
        raise ValueError(f"the template has no {mark}")
    if after.startswith(b":true"):
        return before, True, after.removeprefix(b":true")
    return before, False, after


@lru_cache(maxsize=8)
def _opened(body: str, spine: _Spine) -> tuple[list[dict[str, msgspec.Raw]], list[msgspec.Raw]]:
    """The objects on the way to the list, and what is in it, undecoded: whoever asks is after one of thousands.

    Events that are shown together were mostly sent together, so the next one asks for the same body.
    """
    levels: list[dict[str, msgspec.Raw]] = []
    raw: str | msgspec.Raw = body
    for name in spine:
        level = _parts(raw, dict[str, msgspec.Raw], {})
        if name not in level:
            return levels, []
        levels.append(level)
        raw = level[name]
    return levels, _parts(raw, list[msgspec.Raw], [])


def _closed(levels: Sequence[Mapping[str, msgspec.Raw]], spine: _Spine, found: list[msgspec.Raw]) -> str:
    inner: Any = found
    for name, level in zip(reversed(spine), reversed(levels), strict=True):
        inner = {**level, name: inner}
    return msgspec.json.encode(inner).decode()


def _parts(body: str | msgspec.Raw, kind: type[P], otherwise: P) -> P:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return otherwise
