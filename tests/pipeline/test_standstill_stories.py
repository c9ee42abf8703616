"""One of fifty installations stands still for a day while the others deliver: what that costs is its own."""

import pytest

HOUR = 3_600.0
ROUNDS = 4
USERS = [f"user{number}" for number in range(30)]
PER_DAY = ROUNDS * len(USERS)
WINDOW, RING, CHUNK, REJOIN = 30, 40, 10, 10
RARELY = {
    "first_poll_seconds": HOUR / 2,
    "max_poll_seconds": HOUR / 2,
    "control_interval_seconds": HOUR,
    "mark_interval_seconds": HOUR,
    "erasing_interval_seconds": HOUR,
    "pending_interval_seconds": HOUR,
    "following_interval_seconds": HOUR,
    "max_probe_seconds": HOUR,
    "max_suspended_probe_seconds": HOUR,
}
"""A day has so few moments then that it passes in a second."""


class Counted:
    """The log, and how many records all who read it have been given."""

    def __init__(self, log):
        self._log, self.read = log, 0

    def __getattr__(self, name):
        return getattr(self._log, name)

    def reader(self, *where):
        reader = self._log.reader(*where)
        read = reader.read

        def counted(*asked, **more):
            records = read(*asked, **more)
            self.read += len(records)
            return records

        reader.read = counted
        return reader


async def goes_by(house, others, rounds):
    """Some events now and then, each with the others within an hour or two: records read and requests that took."""
    before = house.log.read, len(house.vendor.requests)
    for _ in range(rounds):
        house.append(*USERS)
        await house.until(lambda: all(house.is_done(name) for name in others), step=600, steps=12)
        await house.wait(24 * HOUR / ROUNDS - 2 * HOUR, step=HOUR)
    return house.log.read - before[0], len(house.vendor.requests) - before[1]


def held(house, name):
    """Events in memory for one installation alone, and those of the feed that all share."""
    (delivery,) = house.deliveries
    return delivery._workers[name].runs[0]._tracker.undecided, len(delivery._partitions.feeds[0]._entries)


def stand_still(house, vendor, how):
    vendor.answer = lambda *_: 503 if how == "its vendor is down" else None
    vendor.key = "another" if how == "its key is wrong" else vendor.key
    house.change("stands", paused=how == "it is paused")


def go_on(house, vendor):
    vendor.answer, vendor.key = lambda *_: None, house.vendor.key
    house.change("stands", paused=False)


@pytest.mark.parametrize(("how", "beside"), [("its vendor is down", 49), ("its key is wrong", 3), ("it is paused", 3)])
async def test_an_installation_that_stands_still_for_a_day_costs_the_others_nothing(house, vendor_beside, how, beside):
    vendor, port = vendor_beside
    house.log = Counted(house.log)
    others = [house.install(f"other{number}", max_items=100) for number in range(beside)]
    house.install("stands", url=f"http://127.0.0.1:{port}/", max_items=2, rpm=1)
    stand_still(house, vendor, how)
    house.start(lanes=1, window_events=WINDOW, ring_events=RING, chunk_events=CHUNK, rejoin_events=REJOIN, **RARELY)
    await house.wait(600, step=600)
    assert await goes_by(house, others, ROUNDS) == (PER_DAY, ROUNDS * beside)
    undecided, ring = held(house, "stands")
    assert undecided <= WINDOW + len(USERS)
    assert ring <= REJOIN + CHUNK
    assert len(vendor.requests) <= 50
    assert vendor.taken == []
    go_on(house, vendor)
    await house.until(lambda: vendor.taken, step=60)
    read, requests = await goes_by(house, others, 1)
    assert requests == beside
    assert read <= len(USERS) + PER_DAY
    await house.until(lambda: house.is_done("stands"), step=60)
    assert len(vendor.taken) == PER_DAY + len(USERS)
    for user in USERS:
        mine = [int(item["id"][1:]) for item in vendor.taken if item["key"] == user]
        assert mine == sorted({*mine})


async def test_events_that_fail_alone_are_sent_when_the_vendor_is_back_although_each_waits_for_its_pace(house):
    sizes = []
    house.vendor.answer = lambda items, _: sizes.append(len(items)) or 503
    house.install(max_items=2, rpm=1)
    house.start(lanes=1, isolate_down_after_tries=2, **RARELY | {"max_probe_seconds": 1.0})
    house.append(*(f"user{number}" for number in range(8)))
    await house.until(lambda: sizes.count(1) >= 6, step=60, steps=300)
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done, step=60, steps=300)
    assert sorted(house.vendor.ids) == [f"e{number}" for number in range(8)]
