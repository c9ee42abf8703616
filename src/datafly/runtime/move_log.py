"""`datafly move`: the embedded log onto Kafka's brokers, while nothing runs (decision 0211)."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, cast

import apsw
import msgspec

from datafly.log.base import EVENTS, RAW, STATE, Appender, Entry, Record, partition_of
from datafly.log.places import GONE, Places
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import OperatorError
from datafly.process.identity import Visitor
from datafly.process.inheritance import MARK, PREFIXES, Mark
from datafly.runtime.compose import embedded_log, open_log
from datafly.runtime.folder import held_folder, usable_folder
from datafly.runtime.lookup import state_folder
from datafly.runtime.prepare import log_id, open_the_store
from datafly.settings import Settings

if TYPE_CHECKING:
    from datafly.log.kafka import KafkaLog

_AT_ONCE: Final = 2_000
_BEFORE: Final = "state.embedded"
"""Where what process knew is from then on; a partition's file has other offsets."""
_UNDER_WAY: Final = "moving to "
_POSITIONS: Final = "placing readers in "
_visitor: Final = msgspec.msgpack.Decoder(Visitor).decode

Moved = Callable[[int, int], None]


def move_log(settings: Settings, *, moved: Moved) -> None:
    """`settings` name the brokers and the database. What is interrupted goes on by the same call.

    Until it is done the store belongs to no log, so nothing starts. Raises `OperatorError`: a Signal runs, the store is
    in a file, the topics hold events of others.
    """
    if settings.store_url is None:
        raise OperatorError("A log on Kafka wants the store in PostgreSQL: move that too, or before.")
    with usable_folder(settings), held_folder(settings, "move its log"), open_the_store(settings) as store:
        own = msgspec.structs.replace(settings, log_url="")
        before, after = log_id(own), log_id(settings)
        log, brokers = embedded_log(own), cast("KafkaLog", open_log(settings))
        known = store.log()
        if known == before:
            _require_empty(brokers)
            store.belong_to(_UNDER_WAY + after, from_now_on=True)
        elif known not in {_UNDER_WAY + after, _POSITIONS + after}:
            raise OperatorError("The store does not belong to the log of this data folder, or that was moved already.")
        if known != _POSITIONS + after:
            places = _carry(log, brokers, moved)
            _hand_on_state(settings, brokers, places)
            store.ledger.share_out([one.id for one in store.control.installations(removed=True)], 1)
            store.relocate(places, GONE, _POSITIONS + after)
        for partition in range(brokers.partitions(EVENTS)):
            _placed(brokers.appender(EVENTS, partition), 0)
        store.belong_to(after, from_now_on=True)


def _require_empty(brokers: "KafkaLog") -> None:
    for stream in (RAW, EVENTS, STATE):
        for partition in range(brokers.partitions(stream)):
            reader = brokers.reader(stream, partition)
            head = reader.bounds().head
            reader.close()
            if head:
                raise OperatorError("The topics hold events already: give a kafka_prefix that no Signal used.")


def _carry(log: SqliteLog, brokers: "KafkaLog", moved: Moved) -> Places:
    source = log.appender(EVENTS, 0)
    consumed = source.consumed() or 0
    source.close()
    done = _Done(_count(log, EVENTS, 0) + _count(log, RAW, consumed), moved)
    _carry_events(log, brokers, done)
    _carry_raw(log, brokers, consumed, done)
    return _places(log, brokers)


class _Done:
    def __init__(self, total: int, moved: Moved) -> None:
        self._total, self._moved, self._count = total, moved, 0
        moved(0, total)

    def more(self, count: int) -> None:
        self._count += count
        self._moved(min(self._count, self._total), self._total)


def _records(log: SqliteLog, stream: str, offset: int) -> Iterator[list[Record]]:
    reader = log.reader(stream, 0)
    while records := reader.read(offset, max_records=_AT_ONCE):
        yield records
        offset = records[-1].offset + 1
    reader.close()


def _count(log: SqliteLog, stream: str, offset: int) -> int:
    """About: offsets may be missing."""
    reader = log.reader(stream, 0)
    bounds = reader.bounds()
    reader.close()
    return max(bounds.head - max(bounds.earliest, offset), 0)


def _by_partition(records: list[Record], partitions: int) -> list[list[Record]]:
    found: list[list[Record]] = [[] for _ in range(partitions)]
    for record in records:
        found[partition_of(record.key, partitions)].append(record)
    return found


def _carry_events(log: SqliteLog, brokers: "KafkaLog", done: _Done) -> None:
    """Each partition keeps with its records up to which old offset it has them, so none comes twice."""
    appenders = [brokers.appender(EVENTS, partition) for partition in range(brokers.partitions(EVENTS))]
    there = [appender.consumed() or 0 for appender in appenders]
    for records in _records(log, EVENTS, 0):
        for partition, own in enumerate(_by_partition(records, len(appenders))):
            new = [Entry(record.key, record.value) for record in own if record.offset >= there[partition]]
            if new:
                appenders[partition].append(new, consumed=own[-1].offset + 1)
        done.more(len(records))
    for appender in appenders:
        appender.close()


def _carry_raw(log: SqliteLog, brokers: "KafkaLog", consumed: int, done: _Done) -> None:
    """What is there from before is counted; what should come twice all the same is known by its message id."""
    partitions = brokers.partitions(RAW)
    appenders = [brokers.appender(RAW, partition) for partition in range(partitions)]
    there = [_head(brokers, RAW, partition) for partition in range(partitions)]
    for records in _records(log, RAW, consumed):
        for partition, own in enumerate(_by_partition(records, partitions)):
            skipped = min(there[partition], len(own))
            there[partition] -= skipped
            if len(own) > skipped:
                appenders[partition].append([Entry(record.key, record.value) for record in own[skipped:]])
        done.more(len(records))
    for appender in appenders:
        appender.close()


def _head(brokers: "KafkaLog", stream: str, partition: int) -> int:
    reader = brokers.reader(stream, partition)
    head = reader.bounds().head
    reader.close()
    return head


def _places(log: SqliteLog, brokers: "KafkaLog") -> Places:
    """Both logs are read: in each partition the events are in their old order."""
    partitions = brokers.partitions(EVENTS)
    places = Places(partitions)
    readers = [brokers.reader(EVENTS, partition) for partition in range(partitions)]
    news = [_offsets(brokers, partition) for partition in range(partitions)]
    for records in _records(log, EVENTS, 0):
        for partition, own in enumerate(_by_partition(records, partitions)):
            for record in own:
                key, new = next(news[partition])
                if key != record.key:
                    raise OperatorError(
                        "The topics do not hold what was moved there: somebody else has written to them."
                    )
                places.add(record.offset, partition, new)
    places.heads = [reader.bounds().head for reader in readers]
    for reader in readers:
        reader.close()
    return places


def _offsets(brokers: "KafkaLog", partition: int) -> Iterator[tuple[str, int]]:
    reader, offset = brokers.reader(EVENTS, partition), 0
    while records := reader.read(offset, max_records=_AT_ONCE):
        yield from ((record.key, record.offset) for record in records)
        offset = records[-1].offset + 1
    reader.close()


# --- what process knows ---------------------------------------------------------------------------------------------


def _hand_on_state(settings: Settings, brokers: "KafkaLog", places: Places) -> None:
    """To each partition what it may be asked for; told twice it is the same."""
    folder, kept = state_folder(settings), settings.data_dir / _BEFORE
    if not kept.exists() and (folder / "0.db").exists():
        folder.rename(kept)
    partitions = brokers.partitions(STATE)
    appenders = [brokers.appender(STATE, partition) for partition in range(partitions)]
    applied, clock = 0, (0, 0)
    if (kept / "0.db").exists():
        connection = apsw.Connection(str(kept / "0.db"), flags=apsw.SQLITE_OPEN_READWRITE)
        applied = connection.execute("SELECT applied FROM position").get
        clock = connection.execute("SELECT behind_ms, newest_ms FROM clock").get
        _hand_on(connection, appenders)
        connection.close()
    for appender, position in zip(appenders, places.positions(applied), strict=True):
        appender.append([Entry(MARK, Mark(position, *clock).encoded())])
        appender.close()


def _hand_on(connection: apsw.Connection, appenders: list[Appender]) -> None:
    """A user is known where his own key lies, and where those of his browsers do."""
    count = len(appenders)
    waiting: list[list[Entry]] = [[] for _ in appenders]
    browsers: dict[str, set[int]] = {}
    for table in ("visitors", "choices", "users"):
        for one, value in connection.execute(f"SELECT id, value FROM {table}"):  # noqa: S608  our names
            wanted = {partition_of(one, count)}
            if table == "visitors" and (user_id := _visitor(value).user_id):
                browsers.setdefault(user_id, set()).update(wanted)
            if table == "users":
                wanted |= browsers.get(one, set())
            for partition in wanted:
                waiting[partition].append(Entry(PREFIXES[table] + one, value))
                if len(waiting[partition]) >= _AT_ONCE:
                    appenders[partition].append(waiting[partition])
                    waiting[partition] = []
    for appender, left in zip(appenders, waiting, strict=True):
        if left:
            appender.append(left)


def _placed(appender: Appender, position: int) -> None:
    """Process reads `raw` from there on."""
    appender.append([], consumed=position)
    appender.close()
