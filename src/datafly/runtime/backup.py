"""`datafly backup`: a copy of the embedded form that a start finds whole, made while it runs (decision 0210).

Each file is copied as it was at one moment. The moments follow each other at once, in the order in which a fact comes
later: whatever the store or the state says of the log is in the log that is copied after it.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import apsw
import msgspec

from datafly.log.base import EVENTS, RAW
from datafly.log.sqlite.segment import Folder
from datafly.model.errors import OperatorError
from datafly.process.seen_files import Run
from datafly.runtime.snapshot import Snapshot, sync
from datafly.settings import Settings
from datafly.store import dialect, keys
from datafly.store.migrate import HEAD

MANIFEST: Final = "backup.json"
FORMAT: Final = 1
_UNFINISHED: Final = ".unfinished"
_STATE: Final = Path("state")
_SENT: Final = Path("deliver") / "sent.sqlite3"
_decode_run: Final = msgspec.msgpack.Decoder(Run).decode

Copied = Callable[[int, int], None]
"""Bytes copied, and about how many there are in all."""


class Kept(msgspec.Struct, frozen=True):
    """A file of a backup."""

    bytes: int
    blake2b: str


class Backup(msgspec.Struct, frozen=True):
    """What is in a backup. `heads`: of each stream, the offset that the next event would have had."""

    format: int
    revision: str
    made_ms: int
    heads: dict[str, int]
    with_key: bool
    files: dict[str, Kept]


def back_up(settings: Settings, to: Path, *, with_key: bool, copied: Copied) -> Backup:
    """Whole when it is there. Raises `OperatorError`: nothing to copy, something there already, no room."""
    _require_embedded(settings, to)
    draft = to.with_name(to.name + _UNFINISHED)
    try:
        _begin(draft)
        with _frozen(settings.data_dir) as moment:
            files = _copy(settings, moment, draft, with_key=with_key, copied=copied)
            made = Backup(FORMAT, HEAD, moment.at_ms, moment.heads, with_key, files)
        _write(draft / MANIFEST, msgspec.json.format(msgspec.json.encode(made)))
        for folder in [draft, *(path for path in draft.rglob("*") if path.is_dir())]:
            sync(folder)
        draft.rename(to)
        sync(to.parent)
    except (OSError, apsw.Error) as error:
        raise OperatorError(f"The backup {to} cannot be made: {error}.") from error
    return made


def digest_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()


def _require_embedded(settings: Settings, to: Path) -> None:
    if settings.store_url is not None:
        raise OperatorError(
            "The store is in PostgreSQL, which has its own backups (pg_dump); datafly backup is for a store in the "
            "data folder. docs/backup.md says in which order to copy the two."
        )
    if settings.log_url:
        raise OperatorError("The log is on Kafka, which keeps its own copies; datafly backup is for the embedded log.")
    if not (settings.data_dir / dialect.FILE).exists():
        raise OperatorError(f"There is nothing to back up in {settings.data_dir}: no Signal was ever started on it.")
    if to.exists():
        raise OperatorError(f"There is something at {to} already. A backup takes a name of its own.")


def _begin(draft: Path) -> None:
    """What a backup left that was interrupted goes."""
    if draft.exists() and any(draft.iterdir()) and not (draft / _UNFINISHED).exists():
        raise OperatorError(f"{draft} is in the way: remove it, or give the backup another name.")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    (draft / _UNFINISHED).touch(mode=0o600)


class _Moment(msgspec.Struct):
    """Files of the data folder, each held as it was. Segments that are closed do not change any more."""

    at_ms: int
    held: dict[Path, Snapshot]
    closed: list[Path]
    runs: list[Path]
    heads: dict[str, int]


@contextmanager
def _frozen(data: Path) -> Iterator[_Moment]:
    with ExitStack() as stack:
        moment = _Moment(time.time_ns() // 1_000_000, {}, [], [], {})

        def hold(file: Path) -> Snapshot:
            held = moment.held[file.relative_to(data)] = Snapshot(file)
            stack.callback(held.close)
            return held

        hold(data / dialect.FILE)
        for file in sorted((data / _STATE).glob("*.db")):
            moment.runs += _runs(hold(file), file.relative_to(data))
        for stream in (EVENTS, RAW):  # what stands in events was in raw before
            moment.closed += _hold_newest(data, stream, hold, moment.heads)
        if (data / _SENT).exists():  # what a vendor took is told here before the store is
            hold(data / _SENT)
        yield moment


def _runs(state: Snapshot, file: Path) -> Iterator[Path]:
    """Message ids that are written down for good; those of the last hours are learnt again from the log."""
    known = [_decode_run(value) for (value,) in state.ask("SELECT value FROM runs")]
    yield from (file.with_suffix(".seen") / run.name for run in known if run.sealed)


def _hold_newest(data: Path, stream: str, hold: Callable[[Path], Snapshot], heads: dict[str, int]) -> list[Path]:
    """Holds the segment that is written now; the closed ones."""
    folder = Folder(data / "log" / stream / "0", stream, 0)
    while firsts := folder.firsts():
        held = hold(folder.file(firsts[-1]))
        if folder.firsts()[-1] == firsts[-1]:
            ((head,),) = held.ask("SELECT max(offset) + 1 FROM records")
            heads[stream] = firsts[-1] if head is None else head
            break
    return [folder.file(first).relative_to(data) for first in firsts[:-1]]


def _copy(settings: Settings, moment: _Moment, draft: Path, *, with_key: bool, copied: Copied) -> dict[str, Kept]:
    data, done = settings.data_dir, 0
    total = sum(one.bytes for one in moment.held.values())
    total += sum((data / file).stat().st_size for file in moment.closed if (data / file).exists())

    def more(count: int) -> None:
        nonlocal done
        done += count
        copied(done, max(total, done))

    more(0)
    for file, held in moment.held.items():
        if file not in moment.closed:  # else it was closed just when it was taken hold of, and is copied whole below
            held.copy_to(_place(draft, file), more)
        held.close()
    for file in moment.closed:
        _copy_closed(data / file, _place(draft, file), more)
    plain = [*moment.runs, Path("log/id"), *(Path("log") / stream / "partitions" for stream in (EVENTS, RAW))]
    for file in plain:
        if (data / file).exists():
            _write(_place(draft, file), (data / file).read_bytes())
    if with_key:
        key = keys.load_or_create_key(data, settings.encryption_key)
        _write(draft / keys.FILE, key.reveal().encode() + b"\n")
    (draft / _UNFINISHED).unlink()
    found = sorted(path for path in draft.rglob("*") if path.is_file())
    return {path.relative_to(draft).as_posix(): Kept(path.stat().st_size, digest_of(path)) for path in found}


def _copy_closed(segment: Path, to: Path, more: Callable[[int], None]) -> None:
    """Retention may have dropped it meanwhile: then nobody needs it."""
    try:
        held = Snapshot(segment)
    except apsw.CantOpenError:
        if segment.exists():
            raise
        return
    try:
        held.copy_to(to, more)
    finally:
        held.close()


def _place(draft: Path, file: Path) -> Path:
    (draft / file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return draft / file


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
    sync(file)
