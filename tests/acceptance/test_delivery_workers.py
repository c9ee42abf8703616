"""Several processes deliver: order, one verdict an event, and a death or another number of them that costs nothing."""

import os
import signal
from collections import Counter

USERS = 30
LANES = 4
WITH = ("--allow-private-endpoints", "--delivery-workers")


def again(one, workers):
    one.flags = (*WITH, str(workers))
    one.start()


def send(one, steps):
    for step in steps:
        one.send(*(one.track("Step Taken", f"user-{n}", who=f"user-{n}", step=step) for n in range(USERS)))


def delivered(one, installation):
    return one.installed(installation)["counts"].get("DELIVERED", 0)


def test_a_worker_that_is_killed_is_started_again_and_nothing_is_lost_or_out_of_order(started, vendor):
    one, installation = started(*WITH, "3")
    workers = {one.pid_of(f"delivery-{number}") for number in (1, 2, 3)}
    assert None not in workers
    send(one, range(10))
    one.until(lambda: vendor.arrived, "the first arrive")
    killed = one.pid_of("delivery-2")
    os.kill(killed, signal.SIGKILL)
    send(one, range(10, 40))
    one.until(lambda: one.pid_of("delivery-2") not in (None, killed), "another takes its place", one.alive)
    assert {one.pid_of("delivery-1"), one.pid_of("delivery-3")} < workers
    one.is_through(installation, delivered=40 * USERS)

    assert vendor.first_arrivals() == {f"user-{number}": [*range(40)] for number in range(USERS)}
    repeated = sum(times - 1 for times in Counter(vendor.arrived).values())
    assert repeated <= LANES * vendor.largest
    assert one.installed(installation)["counts"]["DELIVERED"] == 40 * USERS
    assert one.terminate() == 0


def test_their_number_changes_with_a_backlog_of_which_a_part_is_final(started, vendor):
    """1 → 3 → 2: each event has one verdict and came once, and each user's came in order."""
    vendor.good = 2
    one, installation = started(*WITH, "1")
    send(one, range(20))
    for workers, steps in ((3, range(20, 40)), (2, range(40, 50))):
        one.has_state(installation, "backing_off")
        one.until(lambda: delivered(one, installation) == len(vendor.arrived), "what came is told")
        before = delivered(one, installation)
        assert one.installed(installation)["lag"] > 0
        assert one.terminate() == 0
        again(one, workers)
        assert len([words for words in one.alive().values() if " delivery" in words]) == workers
        assert delivered(one, installation) == before
        send(one, steps)
        vendor.good = 3
        one.until(lambda: vendor.good == 0, "the vendor fails again")
    vendor.good = None
    one.is_through(installation, delivered=50 * USERS)

    assert vendor.first_arrivals() == {f"user-{number}": [*range(50)] for number in range(USERS)}
    assert len(vendor.arrived) == 50 * USERS
    counts = one.installed(installation)["counts"]
    assert {name: counts.get(name, 0) for name in ("DELIVERED", "REJECTED", "SKIPPED", "EXHAUSTED")} == {
        "DELIVERED": 50 * USERS,
        "REJECTED": 0,
        "SKIPPED": 0,
        "EXHAUSTED": 0,
    }
    assert one.terminate() == 0
