"""The disk refuses what a role writes, for a while: it is said, nothing that was acknowledged is lost, and it heals.

A limit on the size of files, set from outside while the role runs, is a disk that is full for that role alone; a small
file system is one that is full for all of them.
"""

import contextlib
import os
import resource
import subprocess
import sys
import uuid

import httpx
import pytest

FULL = 8_192
"""Bytes; what the roles write is larger already, so that every write is refused."""

LANES = 4
"""Requests in flight at once for one installation, as the settings have it."""

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="another process's limits are Linux's to set")


class Disk:
    """Of roles of a running Signal."""

    def __init__(self, demo, *roles):
        self._pids = [demo.pid_of(role) for role in roles]

    def fill(self):
        self._limit(FULL)

    def empty(self):
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size):
        for pid in self._pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _post(demo, key, *events):
    return httpx.post(
        f"{demo.gateway}/v1/batch",
        json={"batch": list(events)},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )


def _events(demo, count, prefix):
    return [
        demo.track("Step Taken", f"user-{number % 7}", f"{prefix}-{number}", step=number) for number in range(count)
    ]


def _refused(reply):
    """Whether it is the one answer for “not now”."""
    return (reply.status_code, reply.headers.get("retry-after"), reply.json()["error"]["code"]) == (
        503,
        "1",
        "UNAVAILABLE",
    )


def _steps(demo):
    return sorted(one["custom"]["step"] for one in demo.arrivals())


@pytest.fixture
def running(new_signal):
    """A demo whose files are larger than a full disk lets them be, and its installation and pipeline key."""
    demo = new_signal()
    installation = demo.install(demo.vendor_key())
    key = demo.pipeline()["pipeline_key"]
    assert _post(demo, key, *_events(demo, 100, "before")).status_code == 200
    demo.is_through(installation, delivered=100)
    demo.control("POST", "reset", {})
    demo.control("POST", "keys", {"partner": "myco", "name": "again", "key": "again"})
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": {"api_key": "again"}})
    return demo, installation, key


@needs_limits
def test_while_the_gateway_cannot_write_it_refuses_and_says_when_to_come_again_and_then_takes_everything(running):
    demo, installation, key = running
    disk = Disk(demo, "gateway")
    events = _events(demo, 30, "full")
    disk.fill()
    for _ in range(3):
        assert _refused(_post(demo, key, *events))
    ready = httpx.get(f"{demo.gateway}/readyz", timeout=60)
    assert (ready.status_code, ready.json()["error"]["code"]) == (503, "NOT_READY")
    disk.empty()
    assert _post(demo, key, *events).status_code == 200
    demo.until(demo.answers, "it is ready again")
    demo.is_through(installation, delivered=130)
    assert _steps(demo) == list(range(30))


@needs_limits
def test_while_the_processor_cannot_write_events_are_taken_and_wait_in_raw(running):
    demo, installation, key = running
    disk = Disk(demo, "processor")
    disk.fill()
    events = _events(demo, 300, "kept")
    for start in range(0, 300, 30):
        assert _post(demo, key, *events[start : start + 30]).status_code == 200
        assert demo.arrivals() == []
    assert demo.installed(installation)["lag"] == 0, "nothing came into the stream that is delivered"
    disk.empty()
    demo.is_through(installation, delivered=400)
    assert _steps(demo) == list(range(300))


@needs_limits
def test_while_delivery_cannot_write_it_sends_no_more_than_a_request_a_lane_and_nothing_twice(running):
    demo, installation, key = running
    disk = Disk(demo, "delivery")
    disk.fill()
    events = _events(demo, 300, "kept")
    for start in range(0, 300, 30):
        assert _post(demo, key, *events[start : start + 30]).status_code == 200
    demo.until(lambda: demo.control("GET", "totals")["requests"], "a request was sent that cannot be written down")
    assert demo.control("GET", "totals")["requests"] <= LANES
    assert demo.installed(installation)["lag"] > 0
    disk.empty()
    demo.is_through(installation, delivered=400)
    assert _steps(demo) == list(range(300))
    assert demo.control("GET", "totals")["repeated_events"] == 0


@needs_limits
def test_while_the_store_cannot_be_written_nobody_can_change_it_and_events_are_taken_all_the_same(running):
    demo, installation, key = running
    disk = Disk(demo, "management", "delivery")
    disk.fill()
    path = f"{demo.management}/v1/admin/pipeline-integrations/{installation}"
    bearer = {"Authorization": f"Bearer {demo.token}"}
    for _ in range(2):
        assert _refused(httpx.patch(path, json={"config": {"api_key": "other"}}, headers=bearer, timeout=60))
    assert httpx.get(path, headers=bearer, timeout=60).status_code == 200
    assert _post(demo, key, *_events(demo, 50, "store")).status_code == 200
    disk.empty()
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": {"default_country": "GB"}})
    demo.is_through(installation, delivered=150)
    assert _steps(demo) == list(range(50))


@contextlib.contextmanager
def _small_file_system(place, megabytes):
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small file system")
def test_a_disk_that_is_full_for_everybody_loses_nothing_that_was_acknowledged(new_signal):
    demo = new_signal(start=False)
    demo.data.mkdir(mode=0o700)
    with _small_file_system(demo.data, 64):
        demo.start()
        installation = demo.install(demo.vendor_key())
        key = demo.pipeline()["pipeline_key"]
        ballast = demo.data / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as out:
            while True:
                out.write(bytes(65_536))
        taken, refusals = [], 0
        while refusals < 5:
            events = _events(demo, 100, uuid.uuid4().hex)
            reply = _post(demo, key, *events)
            taken += [event["messageId"] for event in events] if reply.status_code == 200 else []
            refusals += reply.status_code != 200
            assert reply.status_code == 200 or _refused(reply)
        ballast.unlink()
        events = _events(demo, 10, "after")
        demo.until(lambda: _post(demo, key, *events).status_code == 200, "it takes events again")
        demo.is_through(installation, delivered=len(taken) + len(events))
        arrived = len(demo.arrivals())
        assert arrived == len(taken) + len(events)
        assert demo.terminate() == 0
