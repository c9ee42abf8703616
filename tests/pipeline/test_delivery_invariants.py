"""Whatever vendors, crashes and people do: one verdict an event, order for each key, and no DELIVERED that is not."""

import random
from collections import defaultdict

import pytest

from datafly.model.verdict import Verdict

KEYS = [f"user{number}" for number in range(7)]


class Chaos:
    """Random behaviour of everybody, from one seed."""

    def __init__(self, house, seed, workers=(1,)):
        self.house = house
        self.workers = workers
        self.rng = random.Random(seed)
        self.calm = False
        self.ours = {}
        self.routes = {}
        self.refused = set()
        house.rng = random.Random(seed)
        house.vendor.answer = self.answer

    def answer(self, items, _headers):
        """Refuses requests that hold what is marked; else, unless calm, anything that a vendor may do."""
        if any(item["id"] in self.refused for item in items):
            return 400
        if self.calm:
            return None
        return self.rng.choices(
            [None, self._refuse(items), self._put_off(items), 503, 429, "reset", "reset after", 500],
            [8, 2, 2, 1, 1, 1, 2, 1],
        )[0]

    def _refuse(self, items):
        return {self.rng.randrange(len(items)): "not this one"}

    def _put_off(self, items):
        """The vendor takes the items of one key in order: it puts off only the last of a key."""
        index = self.rng.randrange(len(items))
        later = {item["key"] for item in items[index + 1 :]}
        return None if items[index]["key"] in later else {index: None}

    def append(self):
        for _ in range(self.rng.randint(1, 25)):
            kind = self.rng.choices(["plain", "other", "denied", "skip", "broken", "routes"], [12, 2, 1, 1, 1, 4])[0]
            self._append_one(self.rng.choice(KEYS), kind)

    def _append_one(self, key, kind):
        name = f"e{self.house.count}"
        if kind == "other":
            self.house.append(key, pipeline="other")
            return
        properties = {"skip": {"skip": True}, "broken": {"broken": True}, "routes": {"routes": ["a", "b"]}}.get(
            kind, {}
        )
        (offset,) = self.house.append(key, marketing=kind != "denied", **properties)
        self.ours[offset] = name
        self.routes[name] = properties.get("routes", [""])
        if self.rng.random() < 0.04:
            self.refused.add(name)

    async def act(self):
        acts = [self.append, self.wait, self.crash, self.pause, self.disable, self.revise, self.withdraw, self.lock_out]
        odds = [8, 8, 3, 2, 1, 2, 1, 1]
        if self.workers != (1,):
            acts, odds = [*acts, self.crash_one], [*odds, 4]
        act = self.rng.choices(acts, odds)[0]
        result = act()
        if result is not None:
            await result

    async def wait(self):
        await self.house.wait(self.rng.choice([0.25, 0.5, 2, 5]))

    async def crash(self):
        await self.house.kill()
        self.start()
        await self.wait()

    async def crash_one(self):
        number = self.rng.randrange(len(self.house.tasks))
        await self.house.kill_one(number)
        await self.wait()
        self.house.start_again(number)

    def start(self):
        workers, lanes = self.rng.choice(self.workers), self.rng.randint(1, 4)
        self.house.start(workers=workers, lanes=lanes, window_events=self.rng.choice([20, 10_000]))

    async def pause(self):
        self.house.change(paused=True)
        await self.wait()
        self.house.change(paused=False)

    async def disable(self):
        self.house.change(enabled=False)
        await self.wait()
        self.house.change(enabled=True)

    def revise(self):
        self.house.revise(consent="marketing", max_items=self.rng.randint(1, 9))

    def withdraw(self):
        granted = self.rng.random() < 0.5
        self.house.withdrawn[self.rng.choice(KEYS)] = ({"marketing": granted}, self.house.clock.now_ms())

    async def lock_out(self):
        self.house.vendor.key = "changed"
        await self.wait()
        self.house.vendor.key = "s3cret-key"

    async def settle(self):
        self.calm = True
        self.house.vendor.key = "s3cret-key"
        await self.house.until(self.house.is_done)


@pytest.mark.parametrize("seed", range(12))
async def test_every_event_ends_once_in_order_and_as_recorded(house, seed):
    await survives(house, Chaos(house, seed))


@pytest.mark.parametrize("seed", range(200, 210))
async def test_so_it_does_where_several_deliver_now_more_and_now_fewer(house, seed):
    await survives(house, Chaos(house, seed, workers=(1, 2, 3, 5)))


async def survives(house, chaos):
    house.install(consent="marketing", max_items=4)
    chaos.start()
    for _ in range(40):
        await chaos.act()
    await chaos.settle()

    verdicts = covered(house)
    assert sorted(verdicts) == sorted(chaos.ours)
    assert all(len(given) == 1 for given in verdicts.values())
    taken = {(item["id"], item["path"]) for item in house.vendor.taken}
    delivered = {chaos.ours[offset] for offset, given in verdicts.items() if given == [Verdict.DELIVERED]}
    assert {(name, f"/{route}") for name in delivered for route in chaos.routes[name]} <= taken
    assert_ordered(house.vendor.taken)


@pytest.mark.parametrize("workers", [(1,), (1, 3)])
@pytest.mark.parametrize("seed", range(100, 104))
async def test_an_installation_removed_in_the_middle_of_it_all_is_closed_once(house, seed, workers):
    chaos = Chaos(house, seed, workers)
    house.install(consent="marketing", max_items=4)
    chaos.start()
    for _ in range(20):
        await chaos.act()
    chaos.append()
    house.remove()
    await chaos.crash()
    await house.until(lambda: house.lowest_mark() is None and house.state().name == "removed")
    verdicts = covered(house)
    assert sorted(verdicts) == sorted(chaos.ours)
    assert all(len(given) == 1 for given in verdicts.values())


def covered(house):
    found = defaultdict(list)
    for first, last, verdict in house.ledger.coverage("ins", 0):
        for offset in range(first, last + 1):
            found[offset].append(verdict)
    return found


def assert_ordered(taken):
    """By key, what arrives for the first time arrives in the order of the events, and of each event's own items."""
    newest = {}
    seen = set()
    for item in taken:
        place = (int(item["id"][1:]), item["path"])
        if place in seen:
            continue
        seen.add(place)
        assert place > newest.get(item["key"], (-1, "")), f"{item} overtook"
        newest[item["key"]] = place
