"""`datafly sandbox`: the sandboxes without Signal, for whatever else sends to a vendor."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

USERS = {"users": [{"identifiers": {"uuid": "user-123"}, "attributes": {"name": "Jane"}}]}
TAKEN = {"data": {"successful": {"count": 1}, "fail": {}}}


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def sandbox(folder, port, *words):
    """What it printed up to its last words, while it runs; ended by Ctrl-C, which is no failure."""
    command = [sys.executable, "-m", "datafly", "sandbox", "--sandbox-port", str(port), *words]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ctrl-C stops it"):
                break
        assert said[-1:] == ["Ctrl-C stops it; what arrived is kept.\n"], said
        yield "".join(said)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "Traceback" not in process.stdout.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def upsert(port, key):
    headers = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": key}
    return httpx.post(f"http://127.0.0.1:{port}/insider/api/user/v1/upsert", json=USERS, headers=headers, timeout=60)


def test_it_runs_alone_with_a_key_from_the_start_and_keeps_what_arrived(tmp_path, port):
    with sandbox(tmp_path, port, "--key", "test-key") as said:
        assert f"http://localhost:{port}/insider\n" in said
        assert "test-key" not in said
        assert upsert(port, "test-key").json() == TAKEN
        assert upsert(port, "other").status_code == 403
    with sandbox(tmp_path, port, "--key", "test-key"):
        users = httpx.get(f"http://127.0.0.1:{port}/insider/_control/users", timeout=60).json()
        assert [user["attributes"] for user in users] == [{"name": "Jane"}]
        assert upsert(port, "test-key").json() == TAKEN
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["sandbox"]


def test_it_answers_by_a_name_that_it_was_given(tmp_path, port):
    def called(host):
        return httpx.get(
            f"http://127.0.0.1:{port}/insider/_control/users", headers={"host": host}, timeout=60
        ).status_code

    with sandbox(tmp_path, port, "--allow-host", "sandbox.internal"):
        assert (called("sandbox.internal"), called("evil.example")) == (200, 403)


def test_a_busy_port_is_named_with_the_setting_that_moves_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "datafly", "sandbox", "--sandbox-port", str(port)]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 2
    assert f"Port {port} on 127.0.0.1 cannot be had" in ran.stderr
    assert "DATAFLY_SANDBOX_PORT=" in ran.stderr


def test_a_key_that_cannot_be_had_stops_the_start_with_a_sentence(tmp_path, port):
    for number in range(5):
        with sandbox(tmp_path, port, "--key", f"key-{number}"):
            pass
    command = [sys.executable, "-m", "datafly", "sandbox", "--sandbox-port", str(port), "--key", "key-5"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 2
    assert "at most 5 active keys. Revoke one first." in ran.stderr
    assert "key-5" not in ran.stderr
