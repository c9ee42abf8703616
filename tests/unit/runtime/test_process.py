"""Processes of roles, both ways: forked from a supervisor of its own program, and spawned as programs."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from datafly.model.secret import Secret
from datafly.runtime import process
from datafly.runtime.prepare import open_the_store
from datafly.runtime.spawned import dump, load, role_command
from datafly.settings import Settings
from datafly.testing.ports import free_ports

PATIENCE_SECONDS = 60.0
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are roles forked")

PROGRAM = """
import asyncio, json, os, signal, sys, types
from datafly.observe import add_sink, counts
from datafly.observe.runtime import RuntimeDrained, RuntimeRoleExited, RuntimeRoleStarted
from datafly.runtime.supervisor import supervise
from datafly.settings import Settings

async def run(settings, stop, ready, *, number=1):
    sys.stderr.write(f"counted {counts()}\\n")  # in one piece, as its sister writes too
    if number == 3:
        sys.exit("datafly: number 3 cannot")
    ready()
    await stop.wait()

module = types.ModuleType("datafly.runtime.roles.standin")
module.run = run
sys.modules[module.__name__] = module

told, started = [], {}
add_sink(lambda event: told.append([type(event).__name__, event.fields()]))
add_sink(lambda event: started.update({event.role: event.pid}) if isinstance(event, RuntimeRoleStarted) else None)

def seen(pid):
    folder = f"/proc/{pid}"
    held = {int(fd): os.readlink(f"{folder}/fd/{fd}") for fd in os.listdir(f"{folder}/fd")}
    blocked = next(line for line in open(f"{folder}/status") if line.startswith("SigBlk")).split()[1]
    title = open(f"{folder}/cmdline").read().rstrip(chr(0))
    parent = next(line for line in open(f"{folder}/status") if line.startswith("PPid")).split()[1]
    return {"held": held, "blocked": int(blocked, 16), "title": title, "is_child": int(parent) == os.getpid()}

async def main(names, kill):
    stop = asyncio.Event()
    async def announce():
        report = {name: seen(pid) for name, pid in started.items()}
        if kill:
            fallen = started[kill]
            os.kill(fallen, signal.SIGKILL)
            while started[kill] == fallen:
                await asyncio.sleep(0.01)
        print(json.dumps(report), end="")  # not flushed: the copies must not write it again
        stop.set()
    try:
        await supervise(Settings(), names, stop, announce)
    finally:
        print(json.dumps(told), file=open(os.environ["TOLD"], "w"))

sys.stdout.write("# ")  # waits in the buffer while roles are forked
asyncio.run(main(sys.argv[1].split(","), sys.argv[2]))
"""


def _supervised(folder: Path, names: str, kill: str = "") -> tuple[dict, list, subprocess.CompletedProcess]:
    """What each role was seen to be, what was told, and how it ended."""
    told = folder / "told.json"
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, names, kill],
        env={**os.environ, "TOLD": str(told)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    seen = json.loads(ran.stdout.removeprefix("# ")) if ran.returncode == 0 else {}
    return seen, json.loads(told.read_text()), ran


@needs_linux
def test_a_forked_role_is_a_child_that_holds_nothing_of_its_sisters_and_is_called_by_its_name(tmp_path):
    seen, told, ran = _supervised(tmp_path, "standin-1,standin-2")
    assert ran.stdout.count("#") == 1
    for name, one in seen.items():
        assert one["is_child"]
        assert one["title"] == f"datafly up: {name}"
        assert one["blocked"] == 1 << 1  # SIGINT alone
    pipes = [{target for fd, target in one["held"].items() if fd != "2" and "pipe:" in target} for one in seen.values()]
    assert pipes[0]
    assert not pipes[0] & pipes[1]
    assert told[-1] == ["RuntimeDrained", {"seconds": told[-1][1]["seconds"], "killed": []}]
    assert ran.stderr.splitlines() == ["counted {}"] * 2


@needs_linux
def test_a_forked_role_that_is_killed_is_told_by_its_signal_and_forked_again(tmp_path):
    _, told, _ = _supervised(tmp_path, "standin-1,standin-2", kill="standin-2")
    (exited,) = [fields for name, fields in told if name == "RuntimeRoleExited"]
    assert (exited["role"], exited["status"]) == ("standin-2", -9)
    assert [fields["role"] for name, fields in told if name == "RuntimeRoleStarted"].count("standin-2") == 2


@needs_linux
def test_a_forked_role_that_cannot_go_on_says_its_sentence_and_stops_the_start(tmp_path):
    _, _, ran = _supervised(tmp_path, "standin-1,standin-3")
    assert "datafly: number 3 cannot\n" in ran.stderr
    assert "The role standin-3 could not start (status 1)" in ran.stderr


def test_nothing_is_forked_while_another_thread_runs():
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert not process.can_fork()
    finally:
        end.set()
        other.join()


def test_settings_come_out_of_a_lifeline_as_they_went_in(tmp_path):
    settings = Settings(data_dir=tmp_path, encryption_key=Secret("ab" * 32), demo=True)
    assert load(dump(settings)) == settings


@pytest.mark.parametrize("role", ["gateway", "processor", "delivery", "management", "sandbox"])
def test_a_spawned_role_is_ready_and_ends_when_its_lifeline_closes(tmp_path, role):
    gateway, management, sandbox = free_ports(3)
    settings = Settings(
        data_dir=tmp_path, gateway_port=gateway, management_port=management, sandbox_port=sandbox, demo=True
    )
    open_the_store(settings).close()
    with subprocess.Popen(role_command(role), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        one.stdin.write(dump(settings))
        one.stdin.flush()
        assert one.stdout.readline() == b"ready\n"
        one.stdin.close()
        assert one.wait(PATIENCE_SECONDS) == 0


def test_nothing_that_roles_do_not_need_is_loaded_with_them():
    """Every role is a copy of what has loaded all of this: what is there for nothing is there five times."""
    code = (
        "FOR_NOTHING = ['typer', 'rich', 'pydantic', 'datafly.cli', 'alembic', 'pygments', 'duckdb', 'cel_expr_python',"
        " 'sqlalchemy.orm', 'sqlalchemy.dialects.postgresql'];"
        "import sys; import datafly.runtime.anew, datafly.runtime.up; from datafly.runtime.child import preload;"
        "from datafly.settings import Settings;"
        "preload(['gateway', 'processor', 'delivery', 'management', 'sandbox'], Settings());"
        "print([one for one in FOR_NOTHING if sys.modules.get(one)])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
