"""Several processes deliver: order, one verdict an event, and a death or another number of them that costs nothing."""

import json
import os
import signal
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

USERS = 30
LANES = 4
WITH = ("--allow-private-endpoints", "--delivery-workers")


class Vendor:
    """Answers as Insider does, outside of the process tree, so that it outlives restarts.

    `good`: so many requests more are taken, then it is out of order; None: all.
    """

    def __init__(self):
        self.good = None
        self.arrived = []
        self.largest = 0
        self._lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = vendor.take(json.loads(body)["users"])
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_): ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, users):
        with self._lock:
            if self.good == 0:
                return 503, b"{}"
            self.good = self.good and self.good - 1
            self.largest = max(self.largest, len(users))
            events = [event["event_params"]["custom"] for user in users for event in user["events"]]
            self.arrived += [(event["who"], event["step"]) for event in events]
        return 200, json.dumps({"data": {"successful": {"count": len(users)}, "fail": {}}}).encode()

    def first_arrivals(self):
        """User → the steps in the order in which each came first."""
        steps = {}
        for who, step in dict.fromkeys(self.arrived):
            steps.setdefault(who, []).append(step)
        return steps

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def vendor():
    one = Vendor()
    yield one
    one.close()


@pytest.fixture
def started(new_signal, vendor):
    """Starts one with so many workers and an installation that sends to the vendor."""

    def start(workers):
        one = new_signal(*WITH, str(workers))
        config = {"api_key": "any", "partner_name": "any", "base_url": vendor.url}
        body = {"name": "Insider", "variant": "default", "config": config, "delivery_mode": "server_side"}
        made = one.api("POST", "integration-catalog/insider/install", body, expect=201)
        return one, made["pipeline_integrations"][0]["id"]

    return start


def again(one, workers):
    one.flags = (*WITH, str(workers))
    one.start()


def send(one, steps):
    for step in steps:
        one.send(*(one.track("Step Taken", f"user-{n}", who=f"user-{n}", step=step) for n in range(USERS)))


def delivered(one, installation):
    return one.installed(installation)["counts"].get("DELIVERED", 0)


def test_a_worker_that_is_killed_is_started_again_and_nothing_is_lost_or_out_of_order(started, vendor):
    one, installation = started(3)
    workers = {one.pid_of(f"delivery-{number}") for number in (1, 2, 3)}
    assert None not in workers
    send(one, range(10))
    one.until(lambda: vendor.arrived, "the first arrive")
    killed = one.pid_of("delivery-2")
    os.kill(killed, signal.SIGKILL)
    send(one, range(10, 40))
    one.until(lambda: one.pid_of("delivery-2") not in (None, killed), "another takes its place", one.alive)
    assert {one.pid_of("delivery-1"), one.pid_of("delivery-3")} < workers
    one.is_through(installation, delivered=40 * USERS)

    assert vendor.first_arrivals() == {f"user-{number}": [*range(40)] for number in range(USERS)}
    repeated = sum(times - 1 for times in Counter(vendor.arrived).values())
    assert repeated <= LANES * vendor.largest
    assert one.installed(installation)["counts"]["DELIVERED"] == 40 * USERS
    assert one.terminate() == 0


def test_their_number_changes_with_a_backlog_of_which_a_part_is_final(started, vendor):
    """1 → 3 → 2: each event has one verdict and came once, and each user's came in order."""
    vendor.good = 2
    one, installation = started(1)
    send(one, range(20))
    for workers, steps in ((3, range(20, 40)), (2, range(40, 50))):
        one.has_state(installation, "backing_off")
        one.until(lambda: delivered(one, installation) == len(vendor.arrived), "what came is told")
        before = delivered(one, installation)
        assert one.installed(installation)["lag"] > 0
        assert one.terminate() == 0
        again(one, workers)
        assert len([words for words in one.alive().values() if " delivery" in words]) == workers
        assert delivered(one, installation) == before
        send(one, steps)
        vendor.good = 3
        one.until(lambda: vendor.good == 0, "the vendor fails again")
    vendor.good = None
    one.is_through(installation, delivered=50 * USERS)

    assert vendor.first_arrivals() == {f"user-{number}": [*range(50)] for number in range(USERS)}
    assert len(vendor.arrived) == 50 * USERS
    counts = one.installed(installation)["counts"]
    assert {name: counts.get(name, 0) for name in ("DELIVERED", "REJECTED", "SKIPPED", "EXHAUSTED")} == {
        "DELIVERED": 50 * USERS,
        "REJECTED": 0,
        "SKIPPED": 0,
        "EXHAUSTED": 0,
    }
    assert one.terminate() == 0
