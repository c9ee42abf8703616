"""The way to `raw`, for who takes events: into the embedded log, or to Kafka's brokers by a spool of its own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, cast

import msgspec

from datafly.ingest.doors import Ready
from datafly.log.base import RAW
from datafly.log.group import GroupCommit
from datafly.model.errors import Unavailable
from datafly.observe import add_measure
from datafly.observe.log import SPOOLED
from datafly.runtime.chores import retain_raw
from datafly.runtime.compose import embedded_log, open_log
from datafly.settings import Settings
from datafly.store.base import Ledger

if TYPE_CHECKING:
    from datafly.log.kafka import KafkaLog
    from datafly.log.spool import Spread


_CONNECT_SECONDS: Final = 1.0


class Raw(msgspec.Struct, frozen=True):
    """`trouble`: None, or why nothing can be taken just now."""

    group: GroupCommit
    trouble: Ready


@contextlib.asynccontextmanager
async def open_raw(settings: Settings, ledger: Ledger) -> AsyncIterator[Raw]:
    """What was handed over is settled when it is left. Raises `OperatorError`."""
    way = _on_brokers(settings) if settings.log_url else _embedded(settings, ledger)
    async with way as raw:
        try:
            yield raw
        finally:
            await raw.group.close()


@contextlib.asynccontextmanager
async def _embedded(settings: Settings, ledger: Ledger) -> AsyncIterator[Raw]:
    appender = embedded_log(settings).appender(RAW, 0)
    retaining = asyncio.create_task(retain_raw(settings, appender, ledger))
    try:
        yield Raw(GroupCommit(appender, max_waiting_bytes=_share(settings)), lambda: None)
    finally:
        retaining.cancel()
        appender.close()


@contextlib.asynccontextmanager
async def _on_brokers(settings: Settings) -> AsyncIterator[Raw]:
    """It does not wait for brokers: events can be taken without."""
    from datafly.log.spool import Disk, Spooled  # noqa: PLC0415  memory that the embedded form does without

    disk = Disk(settings.data_dir / "spool", settings.spool_bytes)
    spooled = await asyncio.to_thread(Spooled, _Brokers(settings).spread, disk)
    forget = add_measure(lambda: [SPOOLED.of(spooled.waiting_bytes)])
    try:
        yield Raw(GroupCommit(spooled, max_waiting_bytes=_share(settings)), spooled.trouble)
    finally:
        forget()
        await asyncio.to_thread(spooled.close)


class _Brokers:
    """Found once; afterwards another way to them costs nothing. For one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._log: KafkaLog | None = None

    def spread(self) -> "Spread":
        """Raises `OperatorError`; `Unavailable` while no broker answers."""
        if self._log is None:
            _require_somebody(self._settings.log_url)
            self._log = cast("KafkaLog", open_log(self._settings))
        return self._log.spread(RAW)


def _require_somebody(url: str) -> None:
    """Raises `Unavailable` where nobody listens at any of the addresses: the client would look for ten seconds."""
    for address in url.removeprefix("kafka://").rstrip("/").split(","):
        host, _, port = address.rpartition(":")
        with contextlib.suppress(OSError):
            socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
            return
    raise Unavailable(f"No broker answers at {url}.")


def _share(settings: Settings) -> int:
    return settings.gateway_buffer_bytes // 4
