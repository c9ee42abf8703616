"""The message ids of the last day: hash tables in plain files, so that a look-up costs the same whatever their number.

A *run* is one file of buckets of 512 bytes: how many slots are taken, then up to 15 of (first, second, received,
offset). A full bucket goes on in the next one. A window of eight hours has one run after the other, each four times as
large as the one before; who looks for something asks every run of the last four windows.

Nothing is synced while a run grows: what the kernel has survives the end of the process, and after a loss of power (the
machine's boot id is another one) runs that were not finished are thrown away and learnt again from the log.
"""

import contextlib
import os
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from datafly.process.dedupe import WINDOW_MS, Fingerprint
from datafly.process.memory import Seen

WINDOW: Final = 8 * 3_600_000
WINDOWS: Final = WINDOW_MS // WINDOW + 1
BUCKET: Final = 512
HEADER: Final = 16
SLOTS: Final = 15
FILL: Final = 9
"""Entries per bucket, on average, at which a run is full: two in a hundred buckets have overflowed by then."""
FIRST_BUCKETS: Final = 2**15
MOST_BUCKETS: Final = 2**19
_BLOCK_BUCKETS: Final = 64
_DENSE: Final = 8
"""With at least one entry for so many buckets, writing blocks is cheaper than writing buckets."""

_KEY: Final = struct.Struct("<qq")
_HALF: Final = struct.Struct("<q")
_SLOT: Final = struct.Struct("<qqqq")


class Run(msgspec.Struct):
    """`from_offset`: from where in `events` on it would have to be learnt again. `sealed`: whole, and synced."""

    window: int
    number: int
    buckets: int
    from_offset: int
    entries: int = 0
    sealed: bool = False

    @property
    def name(self) -> str:
        return f"{self.window}-{self.number}"

    @property
    def room(self) -> int:
        """For so many more."""
        return self.buckets * FILL - self.entries


class SeenFiles:
    """Of one partition; one writer. `runs` is what the owner keeps, with its own position, in its own transaction."""

    def __init__(self, folder: Path, runs: Iterable[Run]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._open: dict[str, int] = {}
        self.runs = sorted(runs, key=lambda run: (run.window, run.number))
        for run in self.runs:
            self._open[run.name] = os.open(folder / run.name, os.O_RDWR | os.O_CLOEXEC)
        self._remove_others()

    def find(self, marks: Sequence[Fingerprint]) -> dict[Fingerprint, int]:
        """Which of these are there, and when the last one of each was received."""
        found: dict[Fingerprint, int] = {}
        keys = [_KEY.pack(*mark) for mark in marks]
        for run in self.runs:
            descriptor, last = self._open[run.name], run.buckets - 1
            for mark, key in zip(marks, keys, strict=True):
                chunk = os.pread(descriptor, BUCKET, (mark[0] & last) * BUCKET)
                if chunk[0] < SLOTS and key not in chunk:
                    continue  # nearly always
                for chunk, at in _matches(descriptor, mark[0], last, key):
                    received_ms = _HALF.unpack_from(chunk, at + 16)[0]
                    found[mark] = max(received_ms, found.get(mark, received_ms))
        return found

    def put(self, seen: Sequence[Seen]) -> None:
        """Again the same is no change."""
        done = 0
        while done < len(seen):
            run = self._run_for(seen[done])
            some = _before(seen[done : done + run.room], (run.window + 1) * WINDOW)
            _write(self._open[run.name], run, some)
            done += len(some)

    def forget_old(self) -> None:
        """Drop the windows that are over for a day. To be called when `runs` without them are kept."""
        for run in self.runs[: len(self.runs) - len(self.kept())]:
            os.close(self._open.pop(run.name))
            (self._folder / run.name).unlink(missing_ok=True)
        self.runs = self.kept()

    def kept(self) -> list[Run]:
        oldest = self.runs[-1].window - WINDOWS + 1 if self.runs else 0
        return [run for run in self.runs if run.window >= oldest]

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def _run_for(self, one: Seen) -> Run:
        """The last run; a clock that went back a window does not open an old one again."""
        window = one.received_ms // WINDOW
        run = self.runs[-1] if self.runs else None
        if run is not None and window <= run.window and run.room > 0:
            return run
        if run is not None:
            os.fsync(self._open[run.name])
            run.sealed = True
        return self._begin(run, window, one.offset)

    def _begin(self, before: Run | None, window: int, offset: int) -> Run:
        number, buckets = 0, FIRST_BUCKETS
        if before is not None and window <= before.window:
            window, number = before.window, before.number + 1
            buckets = min(before.buckets * 4, MOST_BUCKETS)
        run = Run(window, number, buckets, offset)
        descriptor = os.open(self._folder / run.name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.ftruncate(descriptor, buckets * BUCKET)
        self._open[run.name] = descriptor
        self.runs.append(run)
        return run

    def _remove_others(self) -> None:
        for file in self._folder.iterdir():
            if file.name not in self._open:
                file.unlink()


def find_by_message(folder: Path, run: Run, first: int) -> list[tuple[int, int]]:
    """(second half of the fingerprint, offset) of each entry of a run with this first half; read-only."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder / run.name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            matches = _matches(descriptor, first, run.buckets - 1, _HALF.pack(first))
            return [(slot[1], slot[3]) for slot in (_SLOT.unpack_from(chunk, at) for chunk, at in matches)]
        finally:
            os.close(descriptor)
    return []


def boot_id() -> str:
    """Another one after every start of the machine; empty where that is not told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _matches(descriptor: int, first: int, last: int, key: bytes) -> Iterator[tuple[bytes, int]]:
    """The slots that begin with `key`, as bucket and place in it."""
    number = first & last
    while True:
        chunk = os.pread(descriptor, BUCKET, number * BUCKET)
        at = chunk.find(key, HEADER)
        while at >= 0:
            if at % 32 == HEADER:
                yield chunk, at
            at = chunk.find(key, at + 1)
        if chunk[0] < SLOTS:
            return
        number = (number + 1) & last


def _before(seen: Sequence[Seen], end_ms: int) -> Sequence[Seen]:
    """Up to the first that was received at `end_ms` or later."""
    end = next((index for index, one in enumerate(seen) if one.received_ms >= end_ms), None)
    return seen if end is None else seen[:end]


def _write(descriptor: int, run: Run, seen: Sequence[Seen]) -> None:
    """Counts what is new. Where entries lie close, many buckets are read and written at once."""
    last = run.buckets - 1
    width = min(_BLOCK_BUCKETS, run.buckets) if len(seen) * _DENSE >= run.buckets else 1
    blocks: defaultdict[int, list[Seen]] = defaultdict(list)
    for one in seen:
        blocks[(one.fingerprint[0] & last) // width].append(one)
    late: list[Seen] = []
    for number in sorted(blocks):
        run.entries += _write_block(descriptor, number, width, blocks[number], late)
    for one in late:
        run.entries += _write_late(descriptor, last, one)


def _write_block(descriptor: int, number: int, width: int, seen: Iterable[Seen], late: list[Seen]) -> int:
    """How many are new. What finds its bucket full is `late`: the next one may be in another block.

    Buckets are written whole, so that nobody reads half a slot.
    """
    size, new = width * BUCKET, 0
    block = bytearray(os.pread(descriptor, size, number * size))
    for one in seen:
        first, second = one.fingerprint
        begins = first % width * BUCKET
        taken, at = block[begins], block.find(_KEY.pack(first, second), begins + HEADER, begins + BUCKET)
        if at < 0 or at % 32 != HEADER:
            if taken >= SLOTS:
                late.append(one)
                continue
            at = begins + HEADER + taken * 32
            block[begins] = taken + 1
            new += 1
        _SLOT.pack_into(block, at, first, second, one.received_ms, one.offset)
    _write_whole(descriptor, block, number * size)
    return new


def _write_late(descriptor: int, last: int, one: Seen) -> int:
    """Into the first bucket behind that has room; whether it is new."""
    number = one.fingerprint[0] & last
    while True:
        late: list[Seen] = []
        new = _write_block(descriptor, number, 1, [one], late)
        if not late:
            return new
        number = (number + 1) & last


def _write_whole(descriptor: int, block: bytearray, at: int) -> None:
    """A disk that fills up takes a part first, and says so when it is asked again."""
    left = memoryview(block)
    while left:
        written = os.pwrite(descriptor, left, at)
        left, at = left[written:], at + written
