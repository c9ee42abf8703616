"""The gateway's memory stays under what its settings say, whoever connects."""

import contextlib
import selectors
import socket
import sys
from pathlib import Path

import pytest

CALLERS = 1_000
BEGUN = 60_000
BUFFER = 16_777_216
PER_CONNECTION = 20_000
RESET = b"reset"
"""Refused as well: it was still sending when the gateway hung up."""


def _resident(pid):
    (line,) = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def _answer(caller):
    try:
        return caller.recv(12)
    except ConnectionResetError:
        return RESET


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of another process")
def test_a_crowd_of_bodies_that_never_end_does_not_fill_the_gateways_memory_and_others_are_served(new_signal):
    demo = new_signal("--demo", "--gateway-buffer-bytes", str(BUFFER))
    installation = demo.install(demo.vendor_key())
    gateway = demo.pid_of("gateway")
    pipeline_key = demo.pipeline()["pipeline_key"]
    head = f"POST /v1/batch?wk={pipeline_key} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n".encode()
    before = _resident(gateway)
    with contextlib.ExitStack() as callers, selectors.DefaultSelector() as answered:
        for _ in range(CALLERS):
            caller = callers.enter_context(socket.create_connection(("127.0.0.1", demo.ports[0])))
            caller.sendall(head + b" " * BEGUN)
            answered.register(caller, selectors.EVENT_READ)
        answers = []
        while len(answers) < CALLERS - BUFFER // 8 // BEGUN - 1:
            for ready, _ in answered.select():
                answers.append(_answer(ready.fileobj))
                answered.unregister(ready.fileobj)
        grown = _resident(gateway) - before
        demo.send(demo.track("Step Taken", "user-1", "served"))
    assert set(answers) <= {b"HTTP/1.1 503", RESET}
    assert grown < BUFFER + CALLERS * PER_CONNECTION < CALLERS * BEGUN
    demo.is_through(installation, delivered=1)
