"""The embedded log: SQLite files, nothing to install beside it (decision 0010).

    {root}/{stream}/partitions            how many there are, fixed at first start
    {root}/{stream}/{partition}/lock      held by the one appender
    {root}/{stream}/{partition}/{first offset, 20 digits}.db   a segment

Only the appender writes and checkpoints a segment; readers open it read-only. No other SQLite library may open these
files inside the same process: closing them would drop the locks of this one.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from datafly.log.base import EVENTS, Claimant, Membership
from datafly.log.sqlite.reader import SqliteReader
from datafly.log.sqlite.segment import Folder
from datafly.log.sqlite.writer import SqliteAppender
from datafly.model.errors import OperatorError

SEGMENT_BYTES: Final = 256 * 1024 * 1024
SEGMENT_SECONDS: Final = 86_400.0


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class SqliteLog:
    """A segment is closed when it has `segment_bytes` or its first record is `segment_seconds` old.

    `vfs` names another SQLite VFS to write through (tests fail and tear writes with it).
    """

    def __init__(
        self,
        root: Path,
        partitions: Mapping[str, int],
        *,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
        now_ms: Callable[[], int] = _wall_ms,
        vfs: str | None = None,
    ) -> None:
        self._root = root
        self._partitions = dict(partitions)
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._now_ms = now_ms
        self._vfs = vfs
        for stream, count in self._partitions.items():
            _fix_partitions(root / stream, count)

    def partitions(self, stream: str) -> int:
        return self._partitions.get(stream, 0)

    def join(self, group: str, claimant: Claimant) -> Membership:  # noqa: ARG002 - nobody else takes part
        """All partitions, until the end: the locks of writers see to it that no second process works on them."""
        return _All(claimant, range(self._partitions[EVENTS]))

    def appender(self, stream: str, partition: int) -> SqliteAppender:
        return SqliteAppender(
            self._folder(stream, partition),
            segment_bytes=self._segment_bytes,
            segment_seconds=self._segment_seconds,
            now_ms=self._now_ms,
        )

    def reader(self, stream: str, partition: int, *, leaps: bool = False) -> SqliteReader:  # noqa: ARG002 - no matter
        return SqliteReader(self._folder(stream, partition))

    def _folder(self, stream: str, partition: int) -> Folder:
        if not 0 <= partition < self._partitions[stream]:
            raise ValueError(f"{stream} has no partition {partition}")
        return Folder(self._root / stream / str(partition), stream, partition, self._vfs)


class _All:
    def __init__(self, claimant: Claimant, partitions: Sequence[int]) -> None:
        self._claimant, self._partitions = claimant, partitions
        claimant.assigned(partitions)

    def trouble(self) -> None:
        return None

    def close(self) -> None:
        self._claimant.revoked(self._partitions)


def _fix_partitions(folder: Path, count: int) -> None:
    file = folder / "partitions"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _write_whole(file, f"{count}\n")
        known = int(file.read_text())
    except (OSError, ValueError) as error:
        raise OperatorError(f"The log cannot use {folder}: {error}. Make it a folder that can be written.") from error
    if known != count:
        raise OperatorError(
            f"The log in {folder} was started with {known} partitions and cannot have {count}: events of one key would "
            f"lose their order. Set it back to {known}, or start with an empty data directory."
        )


def _write_whole(file: Path, text: str) -> None:
    """Roles start at once: whoever reads finds all of it or no file, also after power was lost."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    with draft.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
