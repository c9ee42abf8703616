import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def examples():
    """Of each test: `make fuzz` says how many. 0 is the short slice of `make test`."""
    return int(os.environ.get("FUZZ_EXAMPLES", "0"))


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzzed")


@pytest.fixture(scope="session")
def port(place):
    """That of a gateway in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    server = Path(__file__).parent / "fuzzing" / "server.py"
    process = subprocess.Popen([sys.executable, str(server), str(place), str(free)])
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", free)).close()
            break
        except OSError:
            time.sleep(0.02)
    yield free
    assert process.poll() is None, "the gateway ended"
    process.send_signal(signal.SIGTERM)
    process.wait()
