"""`datafly up` with two gateways on one port and a keeper behind them, and what they wrote into the log."""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import msgspec

from datafly.log.base import RAW
from datafly.log.sqlite import SqliteLog
from datafly.model.event import Event, Received
from datafly.process import Context, Memory, process_one
from datafly.testing.ports import free_ports

PATIENCE_SECONDS = 120.0
LAST_WORDS = "Ctrl-C stops it"


class Several:
    """What came since `begin`. `news` is never told: who waits for it looks again by himself."""

    def __init__(self, url: str, key: str, folder: Path) -> None:
        self.url, self.key = url, key
        self.news = threading.Condition()
        self._reader = SqliteLog(folder / "log", {RAW: 1}).reader(RAW, 0)
        self._first = 0

    def begin(self) -> "Several":
        self._first = self._reader.bounds().head
        return self

    @property
    def received(self) -> list[Received]:
        found, at = [], self._first
        while records := self._reader.read(at, max_records=1_000):
            found += [msgspec.json.decode(record.value, type=Received) for record in records]
            at = records[-1].offset + 1
        return found

    @property
    def events(self) -> list[Event]:
        """In order, each once."""
        memory = Memory()
        outcomes = [process_one(received, Context(), memory) for received in self.received]
        return [outcome for outcome in outcomes if isinstance(outcome, Event)]

    def close(self) -> None:
        self._reader.close()


@contextmanager
def several(workers: int = 2):
    with tempfile.TemporaryDirectory() as place, (Path(place) / "out.txt").open("w+") as out:
        folder, ports = Path(place) / "data", free_ports(3)
        names = ("DATAFLY_GATEWAY_PORT", "DATAFLY_MANAGEMENT_PORT", "DATAFLY_SANDBOX_PORT")
        settings = dict(zip(names, map(str, ports), strict=True)) | {"DATAFLY_DATA_DIR": str(folder)}
        words = [sys.executable, "-m", "datafly", "up", "--gateway-workers", str(workers)]
        process = subprocess.Popen(words, env=os.environ | settings, stdout=out, stderr=subprocess.STDOUT)
        try:
            said = _once_up(process, Path(out.name))
            them = Several(f"http://127.0.0.1:{ports[0]}", re.search(r"dk_live_\w+", said)[0], folder)
            yield them
            them.close()
        finally:
            process.terminate()
            process.wait()


def _once_up(process, out: Path) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    while LAST_WORDS not in (said := out.read_text()):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"Signal is not up: {said}")
        time.sleep(0.1)
    return said
