"""A role that runs alone: what it refuses, what it tells, and that it ends."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.runtime import folder, lone
from datafly.runtime.folder import alone_in_the_folder, one_of_a_role
from datafly.runtime.health import Health
from datafly.runtime.probes import probes
from datafly.runtime.shared_engines import require_shared_engines
from datafly.settings import Settings

PATIENCE_SECONDS = 60.0
BROKERS, DATABASE, KEY = "kafka://127.0.0.1:9092", Secret("postgresql://127.0.0.1/signal"), Secret("ab" * 32)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"store_url": DATABASE, "encryption_key": KEY}, ["DATAFLY_LOG_URL", "datafly up"]),
        ({"log_url": BROKERS, "encryption_key": KEY}, ["DATAFLY_STORE_URL", "datafly up"]),
        ({"log_url": BROKERS, "store_url": DATABASE}, ["DATAFLY_ENCRYPTION_KEY"]),
    ],
    ids=["embedded log", "embedded store", "a key of its own"],
)
def test_a_role_does_not_run_alone_on_what_no_other_process_can_reach(tmp_path, given, words):
    with pytest.raises(OperatorError) as told:
        require_shared_engines(Settings(data_dir=tmp_path, **given), "delivery")
    assert all(word in told.value.message for word in words)
    assert "PASSWORD" not in told.value.message


def test_how_many_work_under_one_tree_is_no_setting_of_a_role_that_runs_alone(tmp_path):
    shared = {"data_dir": tmp_path, "log_url": BROKERS, "store_url": DATABASE, "encryption_key": KEY}
    settings = Settings(**shared, gateway_workers=3, delivery_workers=2)
    for role, words in {"gateway": "gateway_workers is 3", "delivery": "delivery_workers is 2"}.items():
        with pytest.raises(OperatorError, match=words):
            require_shared_engines(settings, role)
    require_shared_engines(settings, "processor")
    require_shared_engines(Settings(**shared), "gateway")


async def test_a_folder_has_one_process_of_each_role_or_one_tree(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "_WAIT_SECONDS", 0.0)
    settings, stop = Settings(data_dir=tmp_path), asyncio.Event()
    async with one_of_a_role(settings, "gateway", stop), one_of_a_role(settings, "delivery", stop):
        with pytest.raises(OperatorError, match="Another `datafly gateway` is running"):
            await _enter(one_of_a_role(settings, "gateway", stop))
        with pytest.raises(OperatorError, match="Another Signal is running"):
            await _enter(alone_in_the_folder(settings, stop))
    async with alone_in_the_folder(settings, stop):
        with pytest.raises(OperatorError, match="A `datafly up` is running"):
            await _enter(one_of_a_role(settings, "gateway", stop))


async def _enter(context):
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(context)


async def test_it_tells_on_a_port_that_it_lives_and_what_stands_in_the_way_of_its_work():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    health, trouble = Health(), ["No broker answers."]
    health.follow("log", lambda: trouble[0])

    async def asked(path):
        def ask():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_SECONDS) as reply:
                    return reply.status, reply.read().decode()
            except urllib.error.HTTPError as refusal:
                with refusal:
                    return refusal.status, refusal.read().decode()

        return await asyncio.to_thread(ask)

    async with probes(Settings(health_port=port), "gateway", health):
        assert (await asked("/livez"))[0] == 200
        status, said = await asked("/readyz")
        assert status == 503
        assert '"details":{"start":"It is starting.","log":"No broker answers."}' in said
        health.begun()
        trouble[0] = None
        assert (await asked("/readyz"))[0] == 200
        health.ending()
        assert (await asked("/readyz"))[0] == 503
        assert (await asked("/livez"))[0] == 200
        assert (await asked("/elsewhere"))[0] == 404
        status, said = await asked("/metrics")
        assert status == 200
        assert 'process="gateway"' in said


async def test_what_hangs_is_cut_off_at_the_deadline(tmp_path, monkeypatch):
    cut_off = threading.Event()
    monkeypatch.setattr(lone.os, "_exit", lambda _status: cut_off.set())
    monkeypatch.setattr(lone, "HEALTH", Health())
    stop = asyncio.Event()
    stop.set()
    await lone._end_in_time(Settings(data_dir=tmp_path, drain_seconds=0.01), "gateway", stop)
    assert await asyncio.to_thread(cut_off.wait, PATIENCE_SECONDS)
    assert "end" in lone.HEALTH.wrong()


def test_a_chore_that_waits_for_something_does_not_hold_up_the_end():
    """As dropping what is old does, at brokers that do not answer."""
    program = """
import asyncio, threading
from datafly.runtime.lone import leave_soon

async def role():
    begun = threading.Event()
    chore = asyncio.create_task(asyncio.to_thread(lambda: (begun.set(), threading.Event().wait())))
    await asyncio.get_running_loop().run_in_executor(None, begun.wait)
    chore.cancel()

with asyncio.Runner() as runner:
    runner.run(role())
    leave_soon(0.05)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=PATIENCE_SECONDS, check=False).returncode == 0
