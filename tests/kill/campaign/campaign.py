"""One campaign: the product, its load, the kills of a plan, and what must hold at the end."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign import plan, promises
from campaign.operator import Operator
from campaign.plan import Kill
from campaign.promises import Killed, Repeats
from campaign.senders import Sender, Sent
from campaign.sink import Sink, read_what_came
from campaign.tree import Broken, Tree, until

ACCOUNTS = ("first", "second")
LANES = 4
QUIET_SECONDS = 120.0
"""So long may pass without anything new at the vendor before what is missing counts as lost."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`flags` go to `datafly up`; `delivery_workers` and `gateway_workers` say how many processes those roles have."""

    seed: int
    kills: int
    senders: int = 6
    pace: float = 0.2
    longest_wait: float = 1.5
    gateway_workers: int = 1
    delivery_workers: int = 1
    flags: tuple[str, ...] = ()

    def plan(self) -> list[Kill]:
        several = self.gateway_workers > 1
        return plan.draw(self.seed, self.kills, longest_wait=self.longest_wait, keeper=several)

    def all_flags(self) -> tuple[str, ...]:
        workers = {"--gateway-workers": self.gateway_workers, "--delivery-workers": self.delivery_workers}
        return (*self.flags, *(word for flag, count in workers.items() if count > 1 for word in (flag, str(count))))


@dataclass
class Told:
    """What a campaign was and found."""

    kills: list[Killed]
    repeats: list[Repeats]
    sent: Sent
    rotations: int
    seconds: float

    def figures(self) -> dict[str, Any]:
        repeats = self.repeats
        return {
            "kills": dict(Counter(kill.kind for kill in self.kills)),
            "events": len(self.sent.message_ids),
            "requests_cut": self.sent.cut,
            "requests_refused": self.sent.refused,
            "key_rotations": self.rotations,
            "kills_of_delivery_times_accounts": len(repeats),
            "requests_open_at_them": sum(one.open for one in repeats),
            "requests_repeated": sum(one.again for one in repeats),
            "events_open_at_them": sum(one.open_events for one in repeats),
            "events_repeated": sum(one.again_events for one in repeats),
            "most_requests_repeated_at_one": max((one.again for one in repeats), default=0),
            "seconds": round(self.seconds),
        }


async def carry_out(folder: Path, wanted: Wanted, tell=lambda _line: None) -> Told:
    """Raises `Broken` where a promise does not hold."""
    began = time.monotonic()
    tree = Tree(folder, wanted.all_flags())
    try:
        async with Sink(random.Random(f"{wanted.seed} sink")).serving() as sink:
            return await _carry_out(tree, sink, wanted, tell, began)
    finally:
        tree.end()


async def _carry_out(tree: Tree, sink: Sink, wanted: Wanted, tell, began: float) -> Told:
    await tree.start()
    operator, sent, stop = Operator(tree), Sent(), asyncio.Event()
    key, installed = await operator.set_up(sink.port, ACCOUNTS)
    load = [
        Sender(f"s{n}", tree.gateway, key, random.Random(f"{wanted.seed} {n}"), sent, pace=wanted.pace).run(stop)
        for n in range(wanted.senders)
    ]
    kills: list[Killed] = []
    async with asyncio.TaskGroup() as group:
        for one in (*load, operator.run(installed[ACCOUNTS[1]], stop)):
            group.create_task(one)
        for number, kill in enumerate(wanted.plan(), 1):
            if not kill.follows:
                await _more_is_acknowledged(sent)
            await asyncio.sleep(kill.wait_seconds)
            kills.append(await _kill(tree, kill, wanted.delivery_workers))
            tell(f"{number:4} {', '.join(kill.victims)}; {len(sent.message_ids)} acknowledged")
        stop.set()
    await _all_arrived(sink, sent, tree)
    for installation in installed.values():
        await _nothing_waits(operator, installation)
    status = await tree.stop()
    promises.every_event_ended_once(tree.data, installed, sent.message_ids)
    repeats = _promised(sink, sent, kills, LANES)
    if status != 0 or (faults := tree.faults()):
        raise Broken("\n".join([f"Signal ended with {status}; it told of", *faults[:5]]))
    return Told(kills, repeats, sent, operator.rotations, time.monotonic() - began)


async def _more_is_acknowledged(sent: Sent) -> None:
    before = len(sent.message_ids)
    await until(lambda: len(sent.message_ids) > before, "the senders are answered again")


async def _kill(tree: Tree, kill: Kill, workers: int) -> Killed:
    of_delivery = _of_delivery(kill, workers)
    if kill.victims == (plan.SUPERVISOR,):
        at = await tree.kill_supervisor()
    elif kill.victims[0] in (plan.TREE, plan.STARTING):
        at = await tree.kill_all()
    else:
        at = await tree.kill_roles(kill.victims, kill.which)
    await read_what_came()
    killed = Killed(kill.kind, of_delivery, at, time.monotonic(), whole=of_delivery == workers)
    if kill.victims == (plan.STARTING,):
        tree.launch()
        await asyncio.sleep(kill.again_seconds)
        await tree.kill_all()
        await read_what_came()
        killed = Killed(kill.kind, of_delivery, at, time.monotonic(), whole=of_delivery == workers)
    if not tree.alive():
        await tree.start()
    return killed


def _of_delivery(kill: Kill, workers: int) -> int:
    """How many of its workers die with it: one of them by itself, all with the tree or after their supervisor."""
    if set(kill.victims) & {plan.SUPERVISOR, plan.TREE, plan.STARTING}:
        return workers
    return kill.victims.count("delivery")


async def _all_arrived(sink: Sink, sent: Sent, tree: Tree) -> None:
    wanted, before, since = sum(sent.numbers.values()), -1, time.monotonic()
    while any(len(sink.arrived.get(account, ())) < wanted for account in ACCOUNTS):
        if len(sink.requests) > before:
            before, since = len(sink.requests), time.monotonic()
        if time.monotonic() - since > QUIET_SECONDS:
            missing = {account: wanted - len(sink.arrived.get(account, ())) for account in ACCOUNTS}
            raise Broken(f"{missing} events do not arrive\n{tree.last_lines()}")
        await asyncio.sleep(0.05)


async def _nothing_waits(operator: Operator, installation: str) -> None:
    ends = time.monotonic() + QUIET_SECONDS
    while await operator.lag(installation):
        if time.monotonic() > ends:
            raise Broken(f"{installation} has events that wait although all arrived")
        await asyncio.sleep(0.1)


def _promised(sink: Sink, sent: Sent, kills: list[Killed], lanes: int) -> list[Repeats]:
    repeats: list[Repeats] = []
    for account in ACCOUNTS:
        requests = [one for one in sink.requests if one.account == account]
        promises.nothing_is_lost(sent.numbers, sink.arrived[account])
        promises.order_is_kept(requests)
        repeats += promises.repeats_were_in_flight(requests, kills, lanes)
    return repeats
