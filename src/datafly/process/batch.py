"""A batch of `raw` on its way through the steps."""

from collections.abc import Sequence
from typing import Final

import msgspec

from datafly.log.base import Entry, Record
from datafly.model.event import Event, Received
from datafly.observe.base import emit
from datafly.observe.process import ProcessRecordRefused
from datafly.process.body import Incoming, Refused, incoming
from datafly.process.memory import Memory, Seen
from datafly.process.state_file import StateFile
from datafly.process.steps import Context, Duplicate, govern, key_of

_decode: Final = msgspec.json.Decoder(Received).decode
_encode: Final = msgspec.json.Encoder().encode


class Batch(msgspec.Struct):
    """`entries` are for `events`; `marks` are their message ids, as if the first offset were 0."""

    entries: list[Entry]
    marks: list[Seen]
    duplicates: int = 0
    refused: int = 0


def read_batch(records: Sequence[Record], partition: int) -> list[Incoming]:
    """What cannot be an event is told and left out: it never stops the others."""
    good: list[Incoming] = []
    for record in records:
        received: Received | None = None
        try:
            received = _decode(record.value)
            one = incoming(record.offset, received, record.value)
        except Exception as error:  # noqa: BLE001 - the stage's loop: counted, and the record stays in raw
            one = Refused(f"The record cannot be read: {error!r}.")
        if isinstance(one, Incoming):
            good.append(one)
        else:
            _refuse(partition, record.offset, received, one.reason)
    return good


def prepare(batch: Sequence[Incoming], memory: Memory, state: StateFile) -> None:
    """Make `memory` know all that the steps will ask for, with few questions to the disk."""
    visitors = {one.body.anonymous_id for one in batch if one.body.anonymous_id}
    visitors |= {one.body.previous_id for one in batch if one.body.previous_id}
    users = {one.body.user_id for one in batch if one.body.user_id}
    keys = {key_of(one) for one in batch}
    state.load(memory, visitors=visitors, users=users, keys=keys)
    for mark, received_ms in state.seen([one.mark for one in batch]).items():
        memory.seen.setdefault(mark, received_ms)


def govern_batch(good: Sequence[Incoming], partition: int, context: Context, memory: Memory) -> Batch:
    batch = Batch([], [])
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
        else:
            batch.marks.append(Seen(one.mark, outcome.received_ms, len(batch.entries)))
            batch.entries.append(Entry(outcome.key, value))
    return batch


def _refuse(partition: int, offset: int, received: Received | None, reason: str) -> None:
    pipeline_id, message_id = (received.pipeline_id, received.message_id) if received else ("", "")
    emit(ProcessRecordRefused(partition, offset, pipeline_id, message_id, reason))
