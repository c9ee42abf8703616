"""A batch of `raw` on its way through the steps."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from datafly.log.base import Entry, Record
from datafly.model.event import Event, Received
from datafly.observe.base import emit
from datafly.observe.process import ProcessRecordRefused
from datafly.process.body import Incoming, Refused, incoming
from datafly.process.dedupe import Fingerprint
from datafly.process.memory import Memory
from datafly.process.state_file import StateFile
from datafly.process.steps import Context, Duplicate, govern
from datafly.process.unknown import Withheld

_decode: Final = msgspec.json.Decoder(Received).decode
_encode: Final = msgspec.json.Encoder().encode


class Batch(msgspec.Struct):
    """`entries` are for `events`; `marks` are the fingerprints of their message ids, and when each was received.
    `withheld`: how many of each pipeline were not kept for want of a consent. `traced`: span of a request, and that of
    an event of it.
    """

    entries: list[Entry] = msgspec.field(default_factory=list)
    marks: list[tuple[Fingerprint, int]] = msgspec.field(default_factory=list)
    withheld: Counter[str] = msgspec.field(default_factory=Counter)
    duplicates: int = 0
    refused: int = 0
    traced: list[tuple[str, str]] = msgspec.field(default_factory=list)


def read_batch(records: Sequence[Record], partition: int, batch: Batch) -> list[Incoming]:
    """What cannot be an event is told and left out: it never stops the others."""
    good: list[Incoming] = []
    for record in records:
        received: Received | None = None
        try:
            received = _decode(record.value)
            one = incoming(record.offset, received, record.value, record.at_ms)
        except Exception as error:  # noqa: BLE001 - the stage's loop: counted, and the record stays in raw
            one = Refused(f"The record cannot be read: {error!r}.")
        if isinstance(one, Incoming):
            good.append(one)
        else:
            _refuse(partition, record.offset, received, one.reason)
            batch.refused += 1
    return good


def prepare(batch: Sequence[Incoming], memory: Memory, state: StateFile) -> None:
    """Make `memory` know all that the steps will ask for, with few questions to the disk."""
    bodies = [one.body for one in batch]
    visitors = {body.anonymous_id for body in bodies if body.anonymous_id}
    visitors |= {body.previous_id for body in bodies if body.previous_id}
    users = {body.user_id for body in bodies if body.user_id}
    keys = {one.key for one in batch}
    state.load(memory, visitors=visitors, users=users, keys=keys)
    for mark, received_ms in state.seen([one.mark for one in batch]).items():
        memory.seen.setdefault(mark, received_ms)


def govern_batch(good: Sequence[Incoming], partition: int, context: Context, memory: Memory, batch: Batch) -> None:
    """What comes of them is added to `batch`."""
    for one in good:
        try:
            outcome = govern(one, context, memory)
            value = _encode(outcome) if isinstance(outcome, Event) else b""
        except Exception as error:  # noqa: BLE001 - the stage's loop: counted, and the record stays in raw
            _refuse(partition, one.offset, one.received, f"It cannot be processed: {error!r}.")
            batch.refused += 1
            continue
        if isinstance(outcome, Duplicate):
            batch.duplicates += 1
        elif isinstance(outcome, Withheld):
            batch.withheld[one.received.pipeline_id] += 1
        else:
            batch.marks.append((one.mark, outcome.received_ms))
            batch.entries.append(Entry(outcome.key, value))
            if outcome.trace:
                batch.traced.append((one.received.trace, outcome.trace))


def _refuse(partition: int, offset: int, received: Received | None, reason: str) -> None:
    pipeline_id, message_id = (received.pipeline_id, received.message_id) if received else ("", "")
    emit(ProcessRecordRefused(partition, offset, pipeline_id, message_id, reason))
