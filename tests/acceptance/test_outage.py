"""A vendor is away for long: what comes meanwhile waits in the log, not in memory, and is worked off in order."""

import re
from pathlib import Path

import pytest

USERS = 500
WINDOW = 10_000
"""Undecided events that delivery holds in memory for one installation (`deliver/settings.py`)."""


def _sent(one, events, before):
    """In batches of as many as there are users, one event each."""
    for step in range(before // USERS, (before + events) // USERS):
        one.send(*(one.track("Step Taken", f"user-{n}", who=f"user-{n}", step=step) for n in range(USERS)))


def _memory_mb(one):
    """What delivery holds alone: other processes share the rest."""
    told = Path(f"/proc/{one.pid_of('delivery')}/smaps_rollup").read_text()
    return sum(int(number) for number in re.findall(r"(?m)^Private_\w+: +(\d+)", told)) / 1024


def _waiting(one, installation, events):
    """Once so many wait, and delivery has taken in what it will."""
    one.until(lambda: one.installed(installation)["lag"] >= events, f"{events} events wait")
    seen = [0.0, 0.0]

    def is_steady():
        seen.append(_memory_mb(one))
        return abs(seen[-1] - seen[-2]) < 0.5 and abs(seen[-2] - seen[-3]) < 0.5

    one.until(is_steady, "its memory is steady", lambda: seen[-5:])
    return seen[-1]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells what a process holds alone")
def test_a_backlog_waits_in_the_log_and_is_worked_off_in_order(started, vendor):
    vendor.good = 0
    one, installation = started("--allow-private-endpoints")
    _sent(one, 2 * WINDOW, 0)
    small = _waiting(one, installation, 2 * WINDOW)
    _sent(one, 4 * WINDOW, 2 * WINDOW)
    large = _waiting(one, installation, 6 * WINDOW)
    shown = one.installed(installation)
    assert shown["state"]["name"] == "backing_off"
    assert shown["drain"] == {"events_per_second": 0.0, "seconds_left": None}
    assert large - small < 12, (small, large)

    vendor.good = 5
    one.until(lambda: vendor.good == 0, "a part is taken")
    shown = one.until(lambda: _draining(one, installation), "it is told how fast it goes")
    assert 0 < shown["lag"] <= 6 * WINDOW
    assert shown["drain"]["seconds_left"] == pytest.approx(shown["lag"] / shown["drain"]["events_per_second"], rel=0.1)
    vendor.good = None
    one.is_through(installation, delivered=6 * WINDOW)
    assert one.installed(installation)["drain"]["seconds_left"] == 0.0
    assert _memory_mb(one) - small < 40
    assert vendor.first_arrivals() == {f"user-{n}": [*range(6 * WINDOW // USERS)] for n in range(USERS)}
    assert len(vendor.arrived) == 6 * WINDOW
    assert one.installed(installation)["counts"]["DELIVERED"] == 6 * WINDOW
    assert one.terminate() == 0


def _draining(one, installation):
    shown = one.installed(installation)
    return shown if shown["drain"]["events_per_second"] > 0 else None
