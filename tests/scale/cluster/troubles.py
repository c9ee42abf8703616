"""What happens while the load goes on; each leaves everything running again."""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable

from campaign.tree import Broken
from confluent_kafka import ElectionType
from confluent_kafka.admin import AdminClient

from cluster.cluster import CUT_GROUP, ROLES, Cluster, Cut

Trouble = Callable[[Cluster], Awaitable[None]]
CALM_SECONDS = 3.0
CUT_SECONDS = 20.0
DOWN_SECONDS = 12.0


def _kill(role: str) -> Trouble:
    async def trouble(cluster: Cluster) -> None:
        for one in cluster.of(role):
            await one.kill()
            await asyncio.sleep(CALM_SECONDS)
            await one.start()

    return trouble


async def restart_all(cluster: Cluster) -> None:
    """One after another, as a new version comes in."""
    for one in cluster.roles:
        await one.end()
        await one.start()


async def lose_a_broker(cluster: Cluster) -> None:
    await asyncio.to_thread(cluster.brokers.kill, 1)
    await asyncio.sleep(DOWN_SECONDS)
    await asyncio.to_thread(cluster.brokers.start, [1])
    await asyncio.sleep(CALM_SECONDS)


async def lose_two_brokers(cluster: Cluster) -> None:
    """Of each record one copy lives where two must: gateways keep what comes on their disks."""
    lost = (1, 2)
    for number in lost:
        await asyncio.to_thread(cluster.brokers.kill, number)
    await asyncio.sleep(DOWN_SECONDS)
    await asyncio.to_thread(cluster.brokers.start, lost)
    for one in cluster.roles:
        await one.becomes_ready()


async def fill_a_disk(cluster: Cluster) -> None:
    """A broker that cannot write ends by itself; whoever runs it makes room, and starts it again."""
    assert cluster.disk is not None
    number = cluster.brokers.count - 1
    await asyncio.to_thread(cluster.disk.fill)
    for _ in range(600):
        if cluster.brokers.has_ended(number):
            break
        await asyncio.sleep(0.1)
    else:
        raise Broken("a broker whose disk is full goes on")
    await asyncio.sleep(CALM_SECONDS)
    await asyncio.to_thread(cluster.disk.empty)
    await asyncio.to_thread(cluster.brokers.start, [number])
    await asyncio.sleep(CALM_SECONDS)


async def move_leadership(cluster: Cluster) -> None:
    """Back to where partitions began, once a broker's loss had moved them. Raises `Broken` where nothing moved."""
    admin = AdminClient({"bootstrap.servers": cluster.brokers.addresses})
    before = _leaders(admin)
    await asyncio.to_thread(admin.elect_leaders(ElectionType.PREFERRED, None).result)
    for _ in range(100):
        if _leaders(admin) != before:
            return
        await asyncio.sleep(0.1)
    raise Broken(f"no partition has another leader: {before}")


def _leaders(admin: AdminClient) -> dict[str, list[int]]:
    topics = admin.list_topics(timeout=20).topics
    return {name: [one.leader for _, one in sorted(topic.partitions.items())] for name, topic in sorted(topics.items())}


async def restart_postgres(cluster: Cluster) -> None:
    await asyncio.to_thread(cluster.postgres.stop)
    await asyncio.sleep(CALM_SECONDS)
    await asyncio.to_thread(cluster.postgres.start)


async def cut_the_network(cluster: Cluster) -> None:
    """Nothing that the second processor and the second delivery send leaves them; they run on."""
    rules = [
        "add table inet signal",
        "add chain inet signal out { type filter hook output priority 0; }",
        f"add rule inet signal out meta skgid {CUT_GROUP} drop",
    ]
    try:
        for rule in rules:
            await asyncio.to_thread(subprocess.run, ["nft", rule], check=True)
        cluster.cut = Cut(time.monotonic(), {one.name: one.ports() for one in cluster.roles if one.is_cut})
        await asyncio.sleep(CUT_SECONDS)
    finally:
        await asyncio.to_thread(subprocess.run, ["nft", "delete table inet signal"], check=True)
    for one in cluster.roles:
        await one.becomes_ready()


TROUBLES: dict[str, Trouble] = {
    **{f"kill {role}": _kill(role) for role in ROLES},
    "restart all": restart_all,
    "lose a broker": lose_a_broker,
    "lose two brokers": lose_two_brokers,
    "fill a disk": fill_a_disk,
    "move leadership": move_leadership,
    "restart postgres": restart_postgres,
    "cut the network": cut_the_network,
}
