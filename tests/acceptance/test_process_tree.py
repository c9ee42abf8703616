"""One process tree: it drains on Ctrl-C, heals itself, leaves nothing behind, and may be killed at any moment."""

import os
import random
import signal
import subprocess
import sys

import pytest

ROLES = {"gateway", "processor", "delivery", "management", "sandbox"}
LANES = 4
"""Requests in flight at once for one installation, as the settings have it."""
PATIENCE_SECONDS = 60.0


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_every_acknowledged_event_is_delivered_once_although_the_whole_tree_is_killed_twice_under_load(
    new_signal, load_on
):
    demo = new_signal()
    installation = demo.install(demo.vendor_key())
    kills = 2
    with load_on(demo) as load:
        for _ in range(kills):
            load.more(random.randint(1, 25) * load.BATCH)
            demo.kill()
            demo.start()
        load.more(5 * load.BATCH)
    demo.is_through(installation, delivered=len(load.acknowledged))

    arrivals = demo.arrivals()
    numbers = [one["custom"]["number"] for one in arrivals]
    assert sorted(numbers) == list(range(len(load.acknowledged)))
    for user in range(load.USERS):
        of_user = [number for number in numbers if number % load.USERS == user]
        assert of_user == sorted(of_user)

    counts = demo.installed(installation)["counts"]
    # Insider knows no such event, of which each was warned of.
    each = len(numbers)
    assert (counts.pop("requests") > 0, counts) == (True, {"DELIVERED": each, "warning": each})
    for message_id in random.sample(load.acknowledged, 20):
        assert demo.final(message_id)["verdict"] == "DELIVERED"

    # What came twice was in a request that was in flight at a kill; the first request to bring it is kept.
    twice = [one for one in arrivals if one["times_received"] > 1]
    assert len({one["request_id"] for one in twice}) <= LANES * kills
    assert all(one["times_received"] <= 1 + kills for one in twice)


def test_ctrl_c_under_load_drains_and_stops_and_a_restart_goes_on_where_it_was(new_signal, load_on):
    demo = new_signal()
    installation = demo.install(demo.vendor_key())
    assert {words.rsplit(maxsplit=1)[-1] for words in demo.alive().values()} >= ROLES
    with load_on(demo) as load:
        load.more(10 * load.BATCH)
        status, _ = demo.interrupt()
        assert (status, demo.alive()) == (0, {})
        demo.start()
        load.more(load.BATCH)
    demo.is_through(installation, delivered=len(load.acknowledged))

    # Nothing was in flight when it stopped, so nothing had to be sent again.
    assert demo.control("GET", "totals")["repeated_events"] == 0
    numbers = [one["custom"]["number"] for one in demo.arrivals()]
    assert sorted(numbers) == list(range(len(load.acknowledged)))


def test_ctrl_c_does_not_wait_for_a_vendor_that_does_not_answer(new_signal):
    demo = new_signal()
    demo.install(demo.vendor_key())
    demo.control("POST", "faults", {"delay_ms": 600_000, "count": 9})
    demo.send(demo.track("Step Taken", "user-1"))
    demo.until(lambda: demo.control("GET", "faults") != [{"delay_ms": 600_000, "count": 9}], "the vendor is asked")
    status, _ = demo.interrupt()
    assert (status, demo.alive()) == (0, {})


def test_a_role_that_falls_is_started_again_and_events_flow_on(new_signal, load_on):
    demo = new_signal()
    installation = demo.install(demo.vendor_key())
    with load_on(demo) as load:
        for role in sorted(ROLES):
            load.more(load.BATCH)
            fallen = demo.pid_of(role)
            _kill(fallen)
            demo.until(lambda role=role, fallen=fallen: demo.pid_of(role) not in (None, fallen), f"{role} is back")
        load.more(load.BATCH)
    demo.until(demo.answers, "every port answers")
    demo.is_through(installation, delivered=len(load.acknowledged))
    numbers = [one["custom"]["number"] for one in demo.arrivals()]
    assert sorted(numbers) == list(range(len(load.acknowledged)))
    assert demo.installed(installation)["counts"]["DELIVERED"] == len(numbers)


def test_when_the_supervisor_alone_is_killed_its_roles_end_by_themselves_and_another_start_goes_on(new_signal, load_on):
    demo = new_signal()
    installation = demo.install(demo.vendor_key())
    with load_on(demo) as load:
        load.more(2 * load.BATCH)
        _kill(demo.process.pid)
        demo.process.wait()
        demo.until(lambda: not demo.alive(), "every role has ended", demo.alive)
        demo.start()
        load.more(load.BATCH)
    demo.is_through(installation, delivered=len(load.acknowledged))


def test_while_a_role_of_a_killed_supervisor_is_still_there_no_other_start_touches_its_folder(new_signal):
    demo = new_signal()
    delivery = demo.pid_of("delivery")
    os.kill(delivery, signal.SIGSTOP)  # as one that waits for its disk
    try:
        _kill(demo.process.pid)
        demo.process.wait()
        demo.until(lambda: {*demo.alive()} == {delivery}, "the others have ended", demo.alive)
        store = (demo.data / "store.db").read_bytes()
        said = demo.run("up", "--demo", "--delivery-workers", "2", status=2)
        assert said == (
            f"datafly: Another Signal is running on the data folder {demo.data}. Stop it, or give this one a folder of "
            "its own (DATAFLY_DATA_DIR).\n"
        )
        assert (demo.data / "store.db").read_bytes() == store
    finally:
        os.kill(delivery, signal.SIGCONT)
    demo.until(lambda: not demo.alive(), "it has ended too", demo.alive)
    demo.start()


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"], ids=["input", "all"])
def test_it_runs_and_ends_where_standard_streams_were_closed(new_signal, closed):
    idle = new_signal(start=False)
    words = [sys.executable, "-m", "datafly", "up", "--demo", "--gateway-workers", "2"]
    with idle.out.open("ab") as out:
        program = subprocess.Popen(
            ["sh", "-c", f'exec "$@" {closed}', "sh", *words],
            env=idle.environment,
            cwd=idle.folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    idle.process = program
    idle.until(lambda: program.poll() is not None or idle.answers(), "every port answers")
    assert program.poll() is None
    assert idle.terminate() == 0
    idle.until(lambda: not idle.alive(), "nothing is left", idle.alive)


@pytest.mark.parametrize("there", [1, 3, 6], ids=["preparing", "some roles", "every role"])
def test_ctrl_c_while_it_starts_stops_it_without_a_traceback(new_signal, there):
    demo = new_signal(start=False)
    demo.launch()
    demo.until(lambda: demo.data.exists() and len(demo.alive()) >= there, f"{there} processes are there")
    status, _ = demo.interrupt()
    assert status in (0, 130)
    demo.until(lambda: not demo.alive(), "nothing is left")
