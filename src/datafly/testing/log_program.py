"""A writer or a reader of a log in a process of its own; arguments: OPENING COMMAND COUNT."""

import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from datafly.log.base import EVENTS, RAW, Entry, Log
from datafly.log.sqlite import SqliteLog


class Opening(msgspec.Struct, frozen=True):
    """How to open a log, also in another process: a callable `module:name` and its arguments."""

    call: str
    arguments: dict[str, Any]

    def open(self) -> Log:
        module, name = self.call.split(":")
        opened: Log = getattr(importlib.import_module(module), name)(**self.arguments)
        return opened

    def start(self, command: str, count: str) -> subprocess.Popen[str]:
        """Errors come on standard output too."""
        arguments = [sys.executable, "-m", __name__, msgspec.json.encode(self).decode(), command, count]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603


def open_sqlite(root: str) -> Log:
    """With segments so small that a story has many."""
    partitions = {RAW: 2, EVENTS: 2}
    return SqliteLog(Path(root), partitions, segment_bytes=20_000)


def open_kafka(servers: str, prefix: str) -> Log:
    from datafly.log.kafka import KafkaLog, Place  # noqa: PLC0415 - an extra that not everybody installs

    return KafkaLog(Place(servers=servers, prefix=prefix, partitions=2, replication=1, min_insync=1))


def append(log: Log, count: int) -> None:
    """One record an append; its value is its offset, and that is told when it is durable."""
    appender = log.appender(RAW, 0)
    head = log.reader(RAW, 0).bounds().head
    for offset in range(head, head + count):
        _tell(appender.append([Entry("k", str(offset).encode().zfill(100))]))


def append_pairs(log: Log, count: int) -> None:
    """Two records an append, with its number as position."""
    appender = log.appender(EVENTS, 0)
    for number in range(1, count + 1):
        appender.append([Entry("k", b"one"), Entry("k", b"two")], consumed=number)
        _tell(number)


def read(log: Log, count: int) -> None:
    """Tells the offsets of the first `count` records, waiting for them."""
    reader = log.reader(RAW, 0)
    offset = 0
    while count > 0:
        for record in reader.read(offset, max_records=min(count, 7)):
            _tell(record.offset)
            offset, count = record.offset + 1, count - 1
        time.sleep(0)


def _tell(offset: int) -> None:
    sys.stdout.write(f"{offset}\n")
    sys.stdout.flush()


COMMANDS: dict[str, Callable[[Log, int], None]] = {"append": append, "append-pairs": append_pairs, "read": read}

if __name__ == "__main__":
    COMMANDS[sys.argv[2]](msgspec.json.decode(sys.argv[1], type=Opening).open(), int(sys.argv[3]))
