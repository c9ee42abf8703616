"""An import from its first row to its last: read, map, post, write down, in this order and batch by batch."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from datafly.backfill import checkpoint as checkpoints
from datafly.backfill.checkpoint import Checkpoint, Counts, UnderWay
from datafly.backfill.compile import ToEvent
from datafly.backfill.files import FileIdentity
from datafly.backfill.gateway import MAX_BYTES, Gateway, Later, Taken
from datafly.backfill.pace import Pace
from datafly.backfill.refusal import Reason, RowRefused
from datafly.backfill.report import Refusal, Report
from datafly.backfill.rows import Fields, Row, Table
from datafly.model.errors import OperatorError

_SCANNED_AT_ONCE: Final = 5_000
"""Rows that become no event are written down too, though there is nothing to post."""
_LONGEST_WAIT_SECONDS: Final = 30.0
_PATIENCE: Final = 40
"""So many times in a row a gateway may put a batch off: about a quarter of an hour."""

_encode: Final = msgspec.json.Encoder().encode


class Opened(msgspec.Struct):
    """A file that is to be read from here on, and what its rows become."""

    identity: FileIdentity
    table: Table
    to_event: ToEvent

    def close(self) -> None:
        self.table.close()


class Progress(msgspec.Struct):
    """For who watches. `fraction`: of all files together, None where nobody can know. `waits`: why nothing moves."""

    counts: Counts
    fraction: float | None
    waits: str = ""


class Named(msgspec.Struct):
    """An event on its way, with the row that it comes from."""

    row: Row
    event: bytes


class _WithId(msgspec.Struct, rename="camel"):
    message_id: str


class _Batch(msgspec.Struct):
    events: list[Named] = []
    refusals: list[Refusal] = []
    read: int = 0
    skipped: int = 0
    last: int = 0
    fault: OperatorError | None = None


class Interrupted(Exception):
    """Somebody asked for the end; everything that was taken is written down."""


def event_of(row: Row, to_event: ToEvent, identity: FileIdentity) -> bytes | None:
    """The event as it is posted; None: the row is not meant. Raises `RowRefused`."""
    if isinstance(row.content, RowRefused):
        raise row.content
    event = to_event(row.content)
    if event is None:
        return None
    try:
        if "messageId" not in event:
            event["messageId"] = _message_id(event, row, identity)
        return _encode(event)
    except (TypeError, ValueError, OverflowError, RecursionError) as fault:
        raise RowRefused(Reason.UNWRITABLE) from fault


def _message_id(event: dict[str, Any], row: Row, identity: FileIdentity) -> str:
    """The same whenever this row of this file becomes this event, so that it counts once within a day."""
    where = f"{identity.head}:{identity.bytes}:{row.number}:".encode()
    return f"import-{blake2b(where + _encode(event), digest_size=16).hexdigest()}"


class Import:
    """`sleep` and `stop` are handed in: who waits can be asked to end."""

    def __init__(
        self,
        *,
        checkpoint: Checkpoint,
        path: Path | None,
        report: Report,
        gateway: Gateway,
        pace: Pace,
        tell: Callable[[Progress], None],
        sleep: Callable[[float], None],
        stop: Callable[[], bool],
        now_ms: Callable[[], int],
        taken_to: int = 0,
    ) -> None:
        """`path`: of the checkpoint; None where there is nothing to come back to. `taken_to`: the row of the file that
        the checkpoint is in up to which somebody says that the gateway has it.
        """
        self._checkpoint, self._path = checkpoint, path
        self._now_ms, self._taken_to = now_ms, taken_to
        self._report, self._gateway, self._pace = report, gateway, pace
        self._tell, self._sleep, self._stop = tell, sleep, stop
        self.reasons: Counter[str] = Counter()

    @property
    def counts(self) -> Counts:
        return self._checkpoint.counts

    def run(self, opened: Callable[[FileIdentity], Opened]) -> None:
        """Raises `OperatorError`, `Interrupted`; then it can be gone on with."""
        files = self._checkpoint.purpose.files
        for index in range(self._checkpoint.file, len(files)):
            with closing(opened(files[index])) as one:
                self._run_file(one)
            self._checkpoint.file, self._checkpoint.row, self._taken_to = index + 1, 0, 0
            self._save()
        self._checkpoint.finished = True
        self._save()

    def _run_file(self, one: Opened) -> None:
        rows = islice(one.table.rows(), self._checkpoint.row, None)
        while True:
            batch = self._gather(one, rows, self._permission(one))
            taken = Taken(len(batch.events)) if batch.last <= self._taken_to else self._send(batch.events, one)
            self._note(one, batch, taken)
            if batch.fault:
                raise batch.fault
            if not batch.read:
                return

    def _gather(self, one: Opened, rows: Iterator[Row], most: int) -> _Batch:
        batch, size = _Batch(), 0
        try:
            for row in islice(rows, _SCANNED_AT_ONCE):
                size += self._add(batch, row, one)
                full = len(batch.events) >= most or size >= MAX_BYTES or len(batch.refusals) >= _SCANNED_AT_ONCE
                if full or row.number == self._taken_to:
                    break
        except OperatorError as fault:  # what was read until the file broke off is still sent
            batch.fault = fault
        return batch

    def _add(self, batch: _Batch, row: Row, one: Opened) -> int:
        """How many bytes came to the batch."""
        batch.read += 1
        batch.last = row.number
        try:
            event = event_of(row, one.to_event, one.identity)
        except RowRefused as refused:
            batch.refusals.append(_refusal(one, row, refused.code, refused.message))
            return 0
        if event is None:
            batch.skipped += 1
            return 0
        batch.events.append(Named(row, event))
        return len(event) + 1

    def _send(self, events: Sequence[Named], one: Opened) -> Taken:
        """Written down before, so that who goes on much later knows of what it cannot be told whether it was taken."""
        if not events:
            return Taken(0)
        named = msgspec.json.decode(events[0].event, type=_WithId).message_id
        self._checkpoint.under_way = UnderWay(events[0].row.number, events[-1].row.number, named, self._now_ms())
        self._save()
        taken = self._post([one.event for one in events], one)
        self._checkpoint.under_way = None
        return taken

    def _post(self, events: Sequence[bytes], one: Opened) -> Taken:
        """Raises `OperatorError` where the gateway never takes it."""
        for attempt in range(_PATIENCE):
            answer = self._gateway.post(events)
            if isinstance(answer, Taken):
                self._pace.sent(len(events), accepted=answer.accepted)
                return answer
            self._wait(max(answer.seconds, min(0.5 * 2**attempt, _LONGEST_WAIT_SECONDS)), one, answer.reason)
        raise OperatorError(f"{answer.reason}. It was tried {_PATIENCE} times." if isinstance(answer, Later) else "")

    def _note(self, one: Opened, batch: _Batch, taken: Taken) -> None:
        """The report first: what the checkpoint counts is in it."""
        for problem in taken.errors:
            named = batch.events[problem.index]
            batch.refusals.append(_refusal(one, named.row, problem.code, problem.message))
        batch.refusals.sort(key=lambda refusal: refusal.row)
        self._report.add(batch.refusals)
        self.reasons.update(refusal.code for refusal in batch.refusals)
        counts = self._checkpoint.counts
        counts.read += batch.read
        counts.accepted += taken.accepted
        counts.refused += len(batch.refusals)
        counts.skipped += batch.skipped
        self._checkpoint.row = batch.last or self._checkpoint.row
        self._checkpoint.report_bytes = self._report.bytes
        if batch.read:
            self._save()
        self._say(one)

    def _save(self) -> None:
        if self._path:
            checkpoints.save(self._path, self._checkpoint)

    def _permission(self, one: Opened) -> int:
        while True:
            if self._stop():
                raise Interrupted
            permit = self._pace.ask()
            if permit.events:
                return permit.events
            self._wait(permit.wait_seconds, one, permit.reason)

    def _wait(self, seconds: float, one: Opened, reason: str) -> None:
        self._say(one, reason)
        self._sleep(seconds)
        if self._stop():
            raise Interrupted

    def _say(self, one: Opened, waits: str = "") -> None:
        files = self._checkpoint.purpose.files
        whole = sum(file.bytes for file in files)
        done = sum(file.bytes for file in files[: self._checkpoint.file])
        part = one.table.fraction()
        fraction = (done + part * one.identity.bytes) / whole if whole and part is not None else None
        self._tell(Progress(self._checkpoint.counts, fraction, waits))


def _refusal(one: Opened, row: Row, code: str, message: str) -> Refusal:
    content: Fields | None = None if isinstance(row.content, RowRefused) else row.content
    return Refusal(file=one.identity.name, row=row.number, line=row.line, code=code, message=message, content=content)
