"""The gateway's memory stays under what its settings say, whoever connects."""

import selectors
import socket
import sys
from pathlib import Path

import pytest

CALLERS = 1_000
BEGUN = 60_000
BUFFER = 16_777_216
PER_CONNECTION = 20_000


def _resident(pid):
    (line,) = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of another process")
def test_a_crowd_of_bodies_that_never_end_does_not_fill_the_gateways_memory_and_others_are_served(new_signal):
    demo = new_signal("--demo", "--gateway-buffer-bytes", str(BUFFER))
    installation = demo.install(demo.vendor_key())
    gateway = demo.pid_of("gateway")
    pipeline_key = demo.pipeline()["pipeline_key"]
    head = f"POST /v1/batch?wk={pipeline_key} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n".encode()
    before = _resident(gateway)
    callers = [socket.create_connection(("127.0.0.1", demo.ports[0])) for _ in range(CALLERS)]
    for caller in callers:
        caller.sendall(head + b" " * BEGUN)
    wanted = CALLERS - BUFFER // 4 // BEGUN - 1
    answers = []
    with selectors.DefaultSelector() as answered:
        for caller in callers:
            answered.register(caller, selectors.EVENT_READ)
        while len(answers) < wanted:
            for ready, _ in answered.select():
                answers.append(ready.fileobj.recv(12))
                answered.unregister(ready.fileobj)
    assert set(answers) == {b"HTTP/1.1 503"}
    grown = _resident(gateway) - before
    assert grown < BUFFER + CALLERS * PER_CONNECTION < CALLERS * BEGUN
    demo.send(demo.track("Step Taken", "user-1", "served"))
    demo.is_through(installation, delivered=1)
    for caller in callers:
        caller.close()
