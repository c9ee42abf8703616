"""Several gateways on one port: what is acknowledged is kept, once and in order, whichever process falls."""

import hashlib
import hmac
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

FLAGS = ("--demo", "--gateway-workers", "2")
PATIENCE_SECONDS = 60.0


class Senders:
    """Each sends batch after batch, over a new connection each time, again and again until it is acknowledged."""

    BATCH = 10
    COUNT = 4

    def __init__(self, target):
        self.acknowledged = [0] * self.COUNT
        self._target = target
        self._headers = {"Authorization": f"Bearer {target.pipeline()['pipeline_key']}"}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(self.COUNT)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def more(self):
        """Returns once each has had ten more batches acknowledged."""
        wanted = [count + 10 * self.BATCH for count in self.acknowledged]
        self._target.until(
            lambda: all(now >= least for now, least in zip(self.acknowledged, wanted, strict=True)),
            "ten more batches of each sender are acknowledged",
            lambda: (self.acknowledged, wanted),
        )

    def _run(self, sender):
        while not self._stop.is_set():
            first = self.acknowledged[sender]
            batch = [
                self._target.track(
                    "Load Tested", f"user-{sender}", f"{sender}-{number}", number=number * self.COUNT + sender
                )
                for number in range(first, first + self.BATCH)
            ]
            self._until_taken(batch)
            self.acknowledged[sender] += self.BATCH

    def _event(self, sender, number):
        properties = {"number": number * self.COUNT + sender}
        return self._target.track("Load Tested", f"user-{sender}", f"{sender}-{number}", **properties)

    def _until_taken(self, batch):
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            try:
                reply = httpx.post(f"{self._target.gateway}/v1/batch", json={"batch": batch}, headers=self._headers)
            except httpx.TransportError:
                continue
            if reply.status_code == 200:
                return
            assert reply.status_code == 503, reply.text
            assert reply.headers["retry-after"]
        pytest.fail("nobody took the batch")

    def are_all_delivered_in_order(self, installation):
        self._target.is_through(installation, delivered=sum(self.acknowledged))
        numbers = [one["custom"]["number"] for one in self._target.arrivals()]
        for sender, count in enumerate(self.acknowledged):
            of_sender = [number for number in numbers if number % self.COUNT == sender]
            assert of_sender == list(range(sender, count * self.COUNT, self.COUNT))


def test_nothing_acknowledged_is_lost_when_a_gateway_or_the_keeper_is_killed_under_load(new_signal):
    demo = new_signal(*FLAGS)
    installation = demo.install(demo.vendor_key())
    with Senders(demo) as senders:
        for name in ("gateway-1", "keeper", "gateway-2", "keeper"):
            senders.more()
            fallen = demo.pid_of(name)
            os.kill(fallen, signal.SIGKILL)
            demo.until(lambda name=name, fallen=fallen: demo.pid_of(name) not in (None, fallen), f"{name} is back")
        senders.more()
    demo.until(demo.answers, "every port answers")
    senders.are_all_delivered_in_order(installation)


def test_ctrl_c_under_load_drains_gateways_and_keeper_and_a_restart_with_one_gateway_goes_on(new_signal):
    demo = new_signal(*FLAGS)
    installation = demo.install(demo.vendor_key())
    with Senders(demo) as senders:
        senders.more()
        assert demo.interrupt()[0] == 0
        assert demo.alive() == {}
        demo.flags = ("--demo",)
        demo.start()
        senders.more()
    senders.are_all_delivered_in_order(installation)
    # Nothing was in flight when it stopped, so nothing had to be sent again.
    assert demo.control("GET", "totals")["repeated_events"] == 0


def test_the_rate_limit_of_a_pipeline_and_what_was_signed_once_hold_over_all_gateways(new_signal):
    demo = new_signal(*FLAGS)
    pipeline = demo.pipeline()
    secret = demo.run("source", "sign").strip()
    key = {"Authorization": f"Bearer {pipeline['pipeline_key']}", "Content-Type": "application/json"}

    body, stamp = json.dumps(demo.track("Signed", "user-1")).encode(), str(int(time.time() * 1000))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    signed = {**key, "X-Timestamp": stamp, "X-Signature": f"sha256={digest}"}

    def statuses(path, headers, count):
        def send(_):
            return httpx.post(f"{demo.gateway}{path}", content=body, headers=headers, timeout=PATIENCE_SECONDS)

        with ThreadPoolExecutor(8) as pool:
            return [reply.status_code for reply in pool.map(send, range(count))]

    answers = []

    def are_all_known():
        """A gateway that has not heard of the secret yet answers 401."""
        answers.extend(wave := statuses("/v1/events", signed, 16))
        return 401 not in wave

    demo.until(are_all_known, "both gateways know the secret")
    assert answers.count(200) == 1
    assert set(answers) <= {200, 401, 409}

    rate = 5
    demo.api("PATCH", f"pipelines/{pipeline['id']}", {"rate_limit_rps": rate})
    demo.until(lambda: 429 in statuses("/v1/t", key, 8), "the limit is in force")
    began = time.monotonic()
    answers = statuses("/v1/t", key, 80)
    seconds = time.monotonic() - began
    assert set(answers) == {200, 429}
    assert answers.count(200) <= rate + rate * seconds + 1
