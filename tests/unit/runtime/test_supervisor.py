"""The supervisor, over small programs that stand in for roles."""

import asyncio
import functools
import os
import signal
import sys

import pytest

from datafly.model.errors import OperatorError
from datafly.observe import add_sink
from datafly.observe.runtime import RuntimeDrained, RuntimeRoleExited, RuntimeRoleStarted
from datafly.runtime import supervisor
from datafly.runtime.spawned import spawn
from datafly.settings import Settings

READY = "import sys; sys.stdin.readline(); print('ready', flush=True);"
PROGRAMS = {
    "sound": READY + "sys.stdin.read()",
    "falls": READY,
    "stubborn": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    + READY
    + "import time; time.sleep(600)",
    "loads": "import time; time.sleep(600)",
    "fails": "raise SystemExit(3)",
    "shows_mask": "import signal; assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ());" + READY,
}


def _command(role: str) -> tuple[str, ...]:
    return (sys.executable, "-c", PROGRAMS[role.partition("-")[0]])


@pytest.fixture
def told():
    """What the supervisor tells, by kind."""
    events: list = []
    forget = add_sink(events.append)
    yield lambda kind: [event for event in events if isinstance(event, kind)]
    forget()


async def _run(*roles: str, stop: asyncio.Event, announce=None) -> None:
    async def say_nothing() -> None:
        pass

    await supervisor.supervise(
        Settings(), roles, stop, announce or say_nothing, start=functools.partial(spawn, command=_command)
    )


async def test_it_announces_once_all_are_ready_and_drains_in_order(told):
    stop = asyncio.Event()

    async def announce() -> None:
        stop.set()

    await _run("sound-1", "sound-2", stop=stop, announce=announce)
    assert [one.role for one in told(RuntimeRoleStarted)] == ["sound-1", "sound-2"]
    assert told(RuntimeDrained)[0].killed == ()


async def test_a_stop_before_anything_has_started_ends_it(told):
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(_run("sound-1", "sound-2", stop=stop), 30)
    assert told(RuntimeRoleExited) == []


async def test_a_stop_does_not_wait_for_a_role_that_is_still_being_loaded(told):
    stop = asyncio.Event()
    forget = add_sink(lambda event: stop.set() if isinstance(event, RuntimeRoleStarted) else None)
    await _run("loads", stop=stop)
    forget()
    assert told(RuntimeDrained)[0].killed == ()


async def test_a_stop_in_the_pause_before_a_fallen_role_starts_again_does_not_wait_for_the_pause(told, monkeypatch):
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE_SECONDS", 600.0)
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE_SECONDS", 600.0)
    stop = asyncio.Event()
    forget = add_sink(lambda _: stop.set() if len(told(RuntimeRoleExited)) == 2 else None)
    await asyncio.wait_for(_run("falls", stop=stop), 60)
    forget()
    assert [one.again_in_seconds for one in told(RuntimeRoleExited)] == [0.0, 600.0]
    assert len(told(RuntimeRoleStarted)) == 2, "after its first fall it is started again at once"


def test_a_role_that_falls_again_and_again_waits_longer_each_time_and_no_longer_than_ten_seconds():
    assert [supervisor._pause_seconds(falls) for falls in range(1, 9)] == [0, 0.5, 1, 2, 4, 8, 10, 10]


async def test_a_role_that_does_not_end_by_itself_is_killed_at_the_deadline(told, monkeypatch):
    monkeypatch.setattr(supervisor, "_KILL_SECONDS", 0.1)
    stop = asyncio.Event()

    async def announce() -> None:
        stop.set()

    await _run("stubborn", stop=stop, announce=announce)
    assert told(RuntimeDrained)[0].killed == ("stubborn",)


async def test_a_stop_that_reaches_the_roles_as_well_is_no_fall(told, monkeypatch):
    """A service manager sends SIGTERM to the whole tree at once, and roles later in the flow end before their turn."""
    monkeypatch.setattr(supervisor, "_KILL_SECONDS", 2.0)
    stop = asyncio.Event()

    async def announce() -> None:
        stop.set()
        os.kill(told(RuntimeRoleStarted)[1].pid, signal.SIGTERM)

    await _run("stubborn-1", "sound-2", stop=stop, announce=announce)
    assert told(RuntimeRoleExited) == []


async def test_a_role_that_cannot_start_ends_all_with_a_sentence():
    with pytest.raises(OperatorError, match=r"The role fails could not start \(status 3\)"):
        await _run("sound", "fails", stop=asyncio.Event())


async def test_roles_never_hear_ctrl_c_and_the_supervisor_goes_on_hearing_it():
    stop = asyncio.Event()

    async def announce() -> None:
        stop.set()

    await _run("shows_mask-1", "shows_mask-2", stop=stop, announce=announce)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
