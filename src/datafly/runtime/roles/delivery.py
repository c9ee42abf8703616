"""Delivery: from `events` to the vendors, for every installation."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from datafly.deliver.sent_file import SentFile
from datafly.deliver.service import Delivery
from datafly.deliver.settings import DeliverySettings
from datafly.deliver.site import Parts
from datafly.log.holding import hold
from datafly.model.delivery import Share
from datafly.runtime.chores import trim_attempts
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log, open_transport
from datafly.runtime.health import HEALTH
from datafly.runtime.installations import compiler
from datafly.runtime.lookup import open_lookup
from datafly.runtime.prepare import open_the_store
from datafly.runtime.unfinished import Unfinished
from datafly.settings import Settings
from datafly.shape import withheld
from datafly.store.open import SqlStore
from datafly.transport.http import HttpTransport

_GROUP = "delivery"
_FAR: Final[dict[str, Any]] = {
    "first_poll_seconds": 0.005,
    "max_poll_seconds": 0.05,
    "reading_threads": 4,
}
"""What a log on brokers is asked for is a way over the network, and partitions may be many."""
_UNCONFIRMED_SECONDS: Final = 5.0
"""Less than until another has the partitions of who is cut off: later, what the system still had to send would come
behind what that one sent (decision 0213).
"""
_SHARE_OF_DRAIN: Final = 0.8
"""For a vendor that is slow to answer; what was begun must be written down in the rest."""


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None], *, number: int = 1) -> None:
    """`number`: which of `delivery_workers`, from 1."""
    store = open_the_store(settings)
    transport = open_transport(settings, unconfirmed_seconds=_UNCONFIRMED_SECONDS if settings.log_url else None)
    chores = [asyncio.create_task(trim_attempts(settings, store))] if number == 1 else []
    deliver = _partitions if settings.log_url else _share
    try:
        await deliver(settings, (store, transport), stop, ready, number=number)
    finally:
        for chore in chores:
            chore.cancel()
        await transport.close()
        store.close()


async def _share(
    settings: Settings,
    opened: tuple[SqlStore, HttpTransport],
    stop: asyncio.Event,
    ready: Callable[[], None],
    *,
    number: int,
) -> None:
    """Of the keys of the embedded log, whose other files are beside it."""
    lookup = open_lookup(settings)
    sent = SentFile(settings.data_dir / "deliver" / "sent.sqlite3")
    share = Share(number - 1, settings.delivery_workers)
    log = open_log(settings)
    unfinished = Unfinished(settings.data_dir / "deliver" / f"under-way-{number}")
    since_ms = SystemClock().now_ms() if unfinished.was_left else 0
    known: dict[str, Any] = {"withdrawn": lookup.consents_of, "sent": sent, "broken_off_ms": since_ms}
    parts = _parts(settings, *opened, log=log, share=share, **known)
    try:
        ready()
        if await Delivery(parts).run(stop):
            unfinished.put_away()
    finally:
        lookup.close()
        sent.close()


async def _partitions(
    settings: Settings,
    opened: tuple[SqlStore, HttpTransport],
    stop: asyncio.Event,
    ready: Callable[[], None],
    *,
    number: int,
) -> None:
    """Those that the group gives to this process, of a log that many share."""
    from datafly.process.follower import Choices  # noqa: PLC0415  memory that the embedded form does without
    from datafly.runtime.standby import Standby  # noqa: PLC0415  as well
    from datafly.runtime.tenancy import Tenancy  # noqa: PLC0415  as well

    log = await asyncio.to_thread(open_log, settings)
    standby = Standby(log, settings.data_dir / "deliver" / f"known-{number}", Choices)
    parts = _parts(settings, *opened, log=log, withdrawn=standby.consents_of, partitioned=True)
    HEALTH.follow("choices", standby.trouble)
    tenancy = Tenancy(parts, standby)
    try:
        ready()
        follow = partial(HEALTH.follow, "partitions")
        await tenancy.run(lambda until: hold(log, _GROUP, tenancy.work, until, follow=follow), stop)
    finally:
        standby.close()


def _parts(settings: Settings, store: SqlStore, transport: HttpTransport, **given: Any) -> Parts:
    return Parts(
        ledger=store.ledger,
        control=store.control,
        transport=transport,
        clock=SystemClock(),
        compile=compiler(settings),
        withheld=withheld,
        settings=DeliverySettings(
            lanes=settings.delivery_lanes,
            give_up_seconds=settings.give_up_seconds,
            drain_seconds=_SHARE_OF_DRAIN * settings.drain_seconds,
            **(_FAR if settings.log_url else {}),
        ),
        **given,
    )
