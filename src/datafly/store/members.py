"""Offsets in few bytes, and size classes by which a range is found from any offset in it.

A range may be of any width, so an index on its first offset alone would have to be read from the start. Each range is
filed under its *reach*: the least power of 16 that is not below its width. A range of that reach that holds an offset
begins less than the reach below it, so a short stretch of the index per class finds them all, however many there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

import msgspec

_STEP_BITS: Final = 4
REACHES: Final = tuple(range(0, 64, _STEP_BITS))
"""The classes, as exponents of 2."""

Ranges = list[tuple[int, int]]


class Members(msgspec.Struct, frozen=True, array_like=True):
    """The first offset, then differences: mostly a byte each. `delivered` None: all of them."""

    offsets: list[int]
    delivered: list[int] | None = None


_DECODER: Final = msgspec.msgpack.Decoder(Members)


def pack(offsets: Sequence[int], delivered: Sequence[int]) -> bytes:
    some = None if tuple(delivered) == tuple(offsets) else _differences(delivered)
    return msgspec.msgpack.encode(Members(_differences(offsets), some))


def unpack(packed: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The offsets in request order, and those of them that were delivered."""
    members = _DECODER.decode(packed)
    offsets = tuple(accumulate(members.offsets))
    return offsets, offsets if members.delivered is None else tuple(accumulate(members.delivered))


def reach(first: int, last: int) -> int:
    """The class of the range `first`..`last`."""
    bits = (last - first).bit_length()
    return -(-bits // _STEP_BITS) * _STEP_BITS


def bounds(offsets: Sequence[int]) -> dict[str, int | None]:
    """The columns by which an attempt is found by what it delivered."""
    if not offsets:
        return {"first": None, "last": None, "reach": None}
    first, last = min(offsets), max(offsets)
    return {"first": first, "last": last, "reach": reach(first, last)}


def ranges(offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of neighbours, (first, last), ascending."""
    ascending = sorted(offsets)
    if not ascending:
        return
    first = ascending[0]
    for before, after in pairwise(ascending):
        if after > before + 1:
            yield first, before
            first = after
    yield first, ascending[-1]


def _differences(offsets: Sequence[int]) -> list[int]:
    return [*offsets[:1], *(after - before for before, after in pairwise(offsets))]
