"""One campaign: the cluster, its load, its troubles one after another, and what must hold at the end."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from campaign import promises
from campaign.senders import Sent
from campaign.sink import Sink
from campaign.tree import Broken
from msgspec import Struct

from cluster.cluster import Cluster, Cut
from cluster.load import Load
from cluster.troubles import TROUBLES

FIRST, ADDED, REMOVED = "first", "added", "removed"
QUIET_SECONDS = 120.0
HEARD_SECONDS = 5.0
"""By then nothing goes to an installation that was removed, whatever fails meanwhile."""
SENDERS = 10
CUT = "cut the network"
FILL = "fill a disk"


class Wanted(Struct, frozen=True, kw_only=True):
    """`rate`: events a second. `between`: seconds of load before each trouble and after the last."""

    rate: int = 2_000
    between: float = 8.0
    brokers: int = 3
    troubles: tuple[str, ...] = tuple(TROUBLES)


class Stretch(Struct, frozen=True):
    """`what` happened from `began` to `ended` (monotonic seconds)."""

    what: str
    began: float
    ended: float


async def carry_out(folder: Path, wanted: Wanted, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures. Raises `Broken` where a promise does not hold."""
    cluster = Cluster(folder, brokers=wanted.brokers, may_cut=CUT in wanted.troubles, may_fill=FILL in wanted.troubles)
    try:
        async with Sink(random.Random(), longest_answer=0.05, busy=0.0).serving() as sink:
            return await _carry_out(cluster, sink, wanted, tell)
    except Broken as broken:
        raise Broken("\n".join([str(broken), *cluster.faults()[:3]])) from broken
    finally:
        await asyncio.to_thread(cluster.stop)


async def _carry_out(cluster: Cluster, sink: Sink, wanted: Wanted, tell: Callable[[str], None]) -> dict[str, Any]:
    began = time.monotonic()
    await cluster.start()
    tell(f"all roles are ready after {time.monotonic() - began:.0f} s")
    installed = {account: await cluster.install(account, sink.port) for account in (FIRST, REMOVED)}
    sent, stop, key = Sent(), asyncio.Event(), await cluster.pipeline_key()
    batch = max(wanted.rate // (SENDERS * 4), 1)
    targets = [one.url for one in cluster.of("gateway")]
    period = SENDERS * batch / wanted.rate
    load = [Load(f"s{number}", targets, key, sent, batch=batch, period=period) for number in range(SENDERS)]
    stretches: list[Stretch] = []
    async with asyncio.TaskGroup() as group:
        for one in load:
            group.create_task(one.run(stop))
        started = time.monotonic()
        await asyncio.sleep(wanted.between)
        stretches.append(Stretch("calm", started, time.monotonic()))
        installed[ADDED] = await cluster.install(ADDED, sink.port)
        added_at = time.monotonic()
        await cluster.remove(installed.pop(REMOVED))
        removed_at = time.monotonic()
        for what in wanted.troubles:
            at = time.monotonic()
            await TROUBLES[what](cluster)
            await asyncio.sleep(wanted.between)
            stretches.append(Stretch(what, at, time.monotonic()))
            tell(f"{what}: {len(sent.message_ids)} acknowledged")
        stop.set()
        ended = time.monotonic()
    await _all_arrived(cluster, sink, sent)
    for installation in installed.values():
        await _nothing_waits(cluster, installation)
    _kept(sink, sent, load, added_at=added_at, removed_at=removed_at)
    for one in cluster.roles:
        await one.end()
    if faults := cluster.faults():
        raise Broken("\n".join(faults[:5]))
    figures = _figures(sink, sent, load, stretches, seconds=ended - started)
    heard = round(max(_after_removal(sink, removed_at), default=0.0), 2)
    return figures | {"removal_heard_after": heard, "of_who_was_cut": _of_who_was_cut(sink, cluster.cut)}


async def _all_arrived(cluster: Cluster, sink: Sink, sent: Sent) -> None:
    wanted, before, since = sum(sent.numbers.values()), -1, time.monotonic()
    while len(sink.arrived.get(FIRST, ())) < wanted:
        if len(sink.requests) > before:
            before, since = len(sink.requests), time.monotonic()
        if time.monotonic() - since > QUIET_SECONDS:
            said = "\n".join(one.last_lines(5) for one in cluster.of("delivery") + cluster.of("processor"))
            raise Broken(f"{wanted - len(sink.arrived.get(FIRST, ()))} of {wanted} events do not arrive\n{said}")
        await asyncio.sleep(0.1)


async def _nothing_waits(cluster: Cluster, installation: str) -> None:
    ends = time.monotonic() + QUIET_SECONDS
    while lag := await cluster.lag(installation):
        if time.monotonic() > ends:
            raise Broken(f"{lag} events wait for {installation} although all arrived")
        await asyncio.sleep(0.2)


def _kept(sink: Sink, sent: Sent, load: Sequence[Load], *, added_at: float, removed_at: float) -> None:
    """A repeat goes back no further than one request at any time, also after the network was cut."""
    promises.nothing_is_lost(sent.numbers, sink.arrived[FIRST])
    promises.order_is_kept([one for one in sink.requests if one.account == FIRST])
    since = {
        (user, number)
        for one in load
        for user, times in one.began.items()
        for number, at in enumerate(times)
        if at > added_at
    }
    if missing := since - sink.arrived.get(ADDED, set()):
        raise Broken(f"{len(missing)} events that came after it was installed are lost to it, as {sorted(missing)[:5]}")
    late = [seconds for seconds in _after_removal(sink, removed_at) if seconds > HEARD_SECONDS]
    if late:
        raise Broken(f"{len(late)} requests went to an installation that was removed, the last after {late[-1]:.1f} s")


def _after_removal(sink: Sink, removed_at: float) -> list[float]:
    """Requests that went to it all the same, and when."""
    return [one.at - removed_at for one in sink.requests if one.account == REMOVED and one.at > removed_at]


def _of_who_was_cut(sink: Sink, cut: Cut | None) -> list[float]:
    """Requests that arrived afterwards over a connection that they had: how many seconds after the cut."""
    if cut is None:
        return []
    ports = frozenset().union(*cut.ports.values())
    return [round(one.at - cut.at, 2) for one in sink.requests if one.at > cut.at and one.port in ports]


def _figures(
    sink: Sink, sent: Sent, load: Sequence[Load], stretches: Sequence[Stretch], *, seconds: float
) -> dict[str, Any]:
    began = {user: times for one in load for user, times in one.began.items()}
    first: dict[tuple[str, int], float] = {}
    again: Counter[str] = Counter()
    for request in sink.requests:
        if request.account == FIRST:
            for mark in request.marks:
                if mark in first:
                    again[_during(stretches, request.at)] += 1
                first.setdefault(mark, request.at)
    waited: dict[str, list[float]] = {}
    for (user, number), at in first.items():
        sent_at = began[user][number]
        waited.setdefault(_during(stretches, sent_at), []).append(at - sent_at)
    return {
        "events": len(sent.message_ids),
        "seconds": round(seconds, 1),
        "events_per_second": round(len(sent.message_ids) / seconds),
        "requests_cut": sent.cut,
        "requests_refused": sent.refused,
        "lost": 0,
        "out_of_order": 0,
        "came_twice": dict(again),
        "from_post_to_vendor_seconds": {
            what: {"p50": round(statistics.median(times), 2), "longest": round(max(times), 1)}
            for what, times in waited.items()
        },
    }


def _during(stretches: Sequence[Stretch], at: float) -> str:
    return next((one.what for one in stretches if one.began <= at <= one.ended), "after")
