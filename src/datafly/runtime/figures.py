"""Each process of a tree offers its metrics over a socket in the data folder, and one place asks them all.

A process that is asked by nobody has a socket open, and nothing else: nothing is written, nothing is loaded.
"""

import asyncio
import contextlib
import os
import resource
import shutil
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from datafly import __version__
from datafly.log.base import RAW, Log, Reader
from datafly.observe import add_measure, emit, figures
from datafly.observe.exposition import exposed
from datafly.observe.figures import Family, Measured
from datafly.observe.log import SIZE
from datafly.observe.process import LAG
from datafly.observe.runtime import CPU, DISK_FREE, DISK_SIZE, FILES, MEMORY, STARTED, RuntimeFiguresHidden
from datafly.process.processor import Processor
from datafly.runtime.frames import address
from datafly.settings import Settings

_ANSWER_SECONDS: Final = 5.0
"""Prometheus waits for ten."""
_LONGEST_ADDRESS: Final = 100
_STARTED: Final = time.time()

_STAGES: Final = {"gateway": "ingest", "processor": "process", "delivery": "deliver", "management": "management"}
"""Role → the stage that works in it, and in no other."""

_BLOCKING: Final = frozenset({"processor", "management"})
"""Roles whose measures read the log and the store."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Family]).decode


@contextlib.asynccontextmanager
async def offered(name: str, data_dir: Path) -> AsyncIterator[None]:
    """Whoever connects to the socket of that name is told the metrics of this process, inside."""
    forget = add_measure(lambda: _of_this_process(data_dir))
    server = await _serve(folder(data_dir) / f"{name}.sock", partial(_of_role, name))
    try:
        yield
    finally:
        if server is not None:
            server.close()
        forget()


async def gathered(data_dir: Path) -> dict[str, list[Family]]:
    """Name of each process that offers its metrics and answers → these. Who was killed does not."""
    paths = sorted(folder(data_dir).glob("*.sock"))
    answers = await asyncio.gather(*map(_asked, paths))
    return {path.stem: answer for path, answer in zip(paths, answers, strict=True) if answer is not None}


async def exposed_of_all(data_dir: Path, accept: str) -> tuple[bytes, str]:
    """What Prometheus reads of the tree that works on that folder: the text, and its content type."""
    return exposed(await gathered(data_dir), accept)


async def exposed_of_one(name: str, accept: str) -> tuple[bytes, str]:
    """What it reads of this process alone."""
    return exposed({name: await _of_role(name)}, accept)


async def _of_role(name: str) -> list[Family]:
    """The metrics of this process, which works as the role.

    No thread where none is needed: it takes memory, and the supervisor can only fork while it has one alone.
    """
    role = name.partition("-")[0]
    strange = {stage for stage in _STAGES.values() if stage != _STAGES.get(role)}
    if role in _BLOCKING:
        return await asyncio.to_thread(figures, strange=strange)
    return figures(strange=strange)


def log_sizes(settings: Settings) -> Iterable[Measured]:
    """What the streams take on this disk; nothing where they are elsewhere."""
    for stream in sorted((settings.data_dir / "log").glob("*/")):
        yield SIZE.of(sum(file.stat().st_size for file in stream.rglob("*") if file.is_file()), stream.name)


class Unprocessed:
    """What waits for the processor, by readers of its own: those of the processor are at work in other threads."""

    def __init__(self, log: Log, processor: Processor) -> None:
        self._log = log
        self._processor = processor
        self._readers: dict[int, Reader] = {}
        self._lock = threading.Lock()

    def __call__(self) -> list[Measured]:
        with self._lock:
            positions = self._processor.positions()
            for partition in self._readers.keys() - positions.keys():
                self._readers.pop(partition).close()
            return [self._of(partition, position) for partition, position in positions.items()]

    def _of(self, partition: int, position: int) -> Measured:
        reader = self._readers.get(partition)
        if reader is None:
            reader = self._readers[partition] = self._log.reader(RAW, partition)
        return LAG.of(max(reader.bounds().head - position, 0), str(partition))

    def close(self) -> None:
        with self._lock:
            while self._readers:
                self._readers.popitem()[1].close()


def folder(data_dir: Path) -> Path:
    return data_dir / "figures"


async def _serve(path: Path, told: Callable[[], Awaitable[list[Family]]]) -> asyncio.Server | None:
    """None where the address is too long for this system: then it is not told of this process."""
    if (listening := _listening(path)) is None:
        return None

    async def tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(_encode(await told()))
            await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(tell, sock=listening)


def _listening(path: Path) -> socket.socket | None:
    """In place of one that an earlier process left behind. A disk that is full keeps no role from its work."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        return _bound(path)
    except OSError as error:
        emit(RuntimeFiguresHidden(str(error)))
        return None


def _bound(path: Path) -> socket.socket | None:
    with _address(path) as name:
        if name is None:
            return None
        made = socket.socket(socket.AF_UNIX)
        try:
            made.bind(name)
        except OSError:
            made.close()
            raise
        return made


async def _asked(path: Path) -> list[Family] | None:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            with _address(path) as name:
                reader, writer = await asyncio.open_unix_connection(name)
            try:
                return _decode(await reader.read(-1))
            finally:
                writer.close()
    except (OSError, TimeoutError, msgspec.DecodeError):
        return None


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str | None]:
    """On Linux of a path of any length."""
    if sys.platform == "linux":
        with address(path) as name:
            yield name
    else:
        yield str(path) if len(str(path)) < _LONGEST_ADDRESS else None


def _of_this_process(data_dir: Path) -> Iterable[Measured]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield STARTED.of(_STARTED, __version__)
    yield CPU.of(used.ru_utime + used.ru_stime)
    disk = shutil.disk_usage(data_dir)
    yield DISK_FREE.of(disk.free)
    yield DISK_SIZE.of(disk.total)
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        yield MEMORY.of(pages * resource.getpagesize())
        yield FILES.of(len(os.listdir("/proc/self/fd")))  # noqa: PTH208  names alone, of a folder that changes
