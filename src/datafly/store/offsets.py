"""Many offsets in little memory: a bit each, in blocks that are only there where there is one."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

_BLOCK: Final = 4096
"""Offsets in one block, which is an eighth of that in bytes."""


class Offsets(AbstractSet[int]):
    """Equal to any set of the same numbers. A million neighbours are 150 kB.

    A worker that was down for long finds all that others have finished meanwhile above its own mark.
    """

    __slots__ = ("_blocks", "_count")

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        """`ranges`: (first, last), both included; they may overlap."""
        self._blocks: dict[int, bytearray] = {}
        self._count = 0
        for first, last in ranges:
            for offset in range(first, last + 1):
                self._add(offset)

    def __contains__(self, offset: object) -> bool:
        if not isinstance(offset, int):
            return False
        block = self._blocks.get(offset // _BLOCK)
        return block is not None and bool(block[offset % _BLOCK >> 3] >> (offset & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        """Ascending."""
        for number in sorted(self._blocks):
            first = number * _BLOCK
            yield from (offset for offset in range(first, first + _BLOCK) if offset in self)

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"Offsets({list(self)})"

    def _add(self, offset: int) -> None:
        number = offset // _BLOCK
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = bytearray(_BLOCK >> 3)
        byte, bit = offset % _BLOCK >> 3, 1 << (offset & 7)
        if not block[byte] & bit:
            block[byte] |= bit
            self._count += 1
