"""Code that ran once is not held: what the supervisor loaded and set up, it alone has touched (decision 0179).

Linux alone. Pages that still are as they are in their file leave this process; who needs one again gets it from there,
as at the first time. They stay in the memory of those who use them.
"""

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SMAPS: Final = Path("/proc/self/smaps")
_DONTNEED: Final = 4
"""`MADV_DONTNEED` of the system's headers."""
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \S+ +/")
"""Of a file, and nobody may write to it."""
_CHANGED: Final = re.compile(r"Anonymous: +([0-9]+) kB")


def shed_code() -> None:
    """Where the system does not tell what is mapped, nothing is done; a mapping that is refused stays."""
    try:
        told = _SMAPS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for first, last in unchanged(told):
        madvise(first, last - first, _DONTNEED)


def unchanged(smaps: str) -> Iterator[tuple[int, int]]:
    """Mappings of files that may be read or run alone, of which no page differs from its file: (first address, end).

    Others have been written before they were made read-only, as the loader does; what it wrote would be lost.
    """
    found: tuple[int, int] | None = None
    for line in smaps.splitlines():
        if (mapping := _MAPPING.match(line)) is not None:
            found = int(mapping[1], 16), int(mapping[2], 16)
        elif found is not None and (changed := _CHANGED.match(line)) is not None:
            if changed[1] == "0":
                yield found
            found = None
