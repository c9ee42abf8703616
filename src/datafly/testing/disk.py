"""A disk for SQLite that can be full or broken, and lose its power."""

import itertools
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import apsw

_NUMBERS: Final = itertools.count()
_Change = tuple[int, bytes | None]
"""(offset, what was written), or (size, None) for a truncation."""


class Disk(apsw.VFS):
    """Files behave as usual, until `refuses(action, file name)` says otherwise: then `refusal` is raised.

    Actions: xWrite, xTruncate, xSync. Hand `name` as `vfs` to what is tested.
    """

    def __init__(self) -> None:
        self.name = f"disk-{next(_NUMBERS)}"
        self.refusal: type[Exception] = apsw.IOError
        self.refuses: Callable[[str, str], bool] = self.is_well
        self.history: dict[str, list[_Change | None]] = {}
        super().__init__(self.name, "")

    @staticmethod
    def is_well(_action: str, _name: str) -> bool:
        return False

    def xOpen(self, name: Any, flags: list[int]) -> "_File":  # noqa: N802 - SQLite's name
        return _File(self, name, flags)

    def check(self, action: str, name: str) -> None:
        if self.refuses(action, name):
            raise self.refusal("refused by the disk")

    def lose_power(self, source: Path, target: Path, chance: random.Random) -> None:
        """What a restart would find: all that was synced, and of the rest an arbitrary, torn part."""
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.db*", "lock"))
        for file in source.rglob("*.db*"):
            if not file.name.endswith("-shm"):
                history = self.history.get(str(file)) or self.history[str(file.with_suffix(".new"))]
                (target / file.relative_to(source)).write_bytes(_survivors(history, chance))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._history = disk.history.setdefault(self._name, [])
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.check("xWrite", self._name)
        self._history.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.check("xTruncate", self._name)
        self._history.append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.check("xSync", self._name)
        super().xSync(flags)
        self._history.append(None)


def _survivors(history: list[_Change | None], chance: random.Random) -> bytes:
    image = bytearray()
    synced = max((at for at, change in enumerate(history) if change is None), default=-1)
    for at, change in enumerate(history):
        if change is None:
            continue
        if at < synced:
            _apply(image, *change)
        elif chance.random() < 0.5:
            _apply(image, change[0], change[1] and change[1][: chance.randrange(len(change[1]) + 1)])
    return bytes(image)


def _apply(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del image[offset:]
        return
    image.extend(bytes(max(offset + len(data) - len(image), 0)))
    image[offset : offset + len(data)] = data
