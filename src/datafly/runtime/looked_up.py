"""What management looks up of what process knows: from its files, or learnt from the log where process is elsewhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import msgspec

from datafly.log.base import EVENTS, Log
from datafly.management.services import WhoIs, whom_as_asked
from datafly.runtime.lookup import open_lookup
from datafly.settings import Settings

if TYPE_CHECKING:
    from datafly.runtime.standby import Standby


class Lookup(msgspec.Struct, frozen=True):
    """Blocking. `find_offset`: message id → (partition, offset) of each event of that id within about a day.

    `whom`: as of `process.lookup`, or, on Kafka, only whom one asks for.
    """

    find_offset: Callable[[str], list[tuple[int, int]]]
    whom: WhoIs


@contextlib.asynccontextmanager
async def looked_up(settings: Settings, log: Log) -> AsyncIterator[Lookup]:
    if not settings.log_url:
        with contextlib.closing(open_lookup(settings)) as reader:
            yield Lookup(reader.find_offset, reader.whom)
    elif not settings.message_index:
        yield Lookup(lambda _: [], whom_as_asked)
    else:
        async with _learnt(settings, log) as standby:
            yield Lookup(standby.find_offset, whom_as_asked)


@contextlib.asynccontextmanager
async def _learnt(settings: Settings, log: Log) -> AsyncIterator["Standby"]:
    """Of all partitions. What is not learnt yet is not found yet."""
    from datafly.process.follower import Ids  # noqa: PLC0415  memory that the embedded form does without
    from datafly.runtime.standby import Standby  # noqa: PLC0415  as well

    folder = settings.data_dir / "management" / "message-ids"
    with contextlib.closing(Standby(log, folder, Ids)) as standby:
        async with contextlib.AsyncExitStack() as followed:
            partitions = range(log.partitions(EVENTS))
            await asyncio.gather(*(followed.enter_async_context(standby.following(one)) for one in partitions))
            yield standby
