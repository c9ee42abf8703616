"""Webhooks through real delivery and HTTP, to a receiver that verifies with the library of Standard Webhooks."""

import json
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from datafly import catalog
from datafly.model.verdict import Verdict
from datafly.spec.compile import compile_integration
from datafly.spec.config import validate_config
from datafly.spec.faces import example_config

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = catalog.get("signed_webhook")


class Receiver:
    """Takes what is signed. `answers`: what it says instead, one after the other."""

    def __init__(self):
        self.requests = []
        self.answers = []
        self.most_events = 1_000
        self.taken = []

    async def handle(self, request):
        body = await request.read()
        assert self.holds(request.headers, body)
        self.requests.append((dict(request.headers), body))
        document = json.loads(body)
        events = document.get("events", [document])
        answer = self.answers.pop(0) if self.answers else 204 if len(events) <= self.most_events else 413
        if answer == "reset":
            request.transport.abort()
            return web.Response()
        if isinstance(answer, int):
            answer = web.Response(status=answer)
        if 200 <= answer.status < 300:
            self.taken += events
        return answer

    @staticmethod
    def holds(headers, body):
        """The library's own `verify` looks at the clock of this machine; delivery here has one of its own."""
        moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        return Webhook(KEY).sign(headers["webhook-id"], moment, body.decode()) in headers["webhook-signature"].split()


@pytest.fixture
async def receiver(house):
    made = Receiver()
    runner = web.ServerRunner(web.Server(made.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook?from=signal"

    def compile_one(installation):
        config = {name: value for name, value in installation.revision.config.items() if name != "key"}
        given = {**example_config(WEBHOOK), "signing_secret": KEY, "url": made.url, **config}
        return compile_integration(WEBHOOK, validate_config(WEBHOOK, "default", "server_side", given))

    house.compile = compile_one
    yield made
    await house.stop()
    await runner.cleanup()


async def test_what_comes_again_is_the_same_to_the_byte_with_its_own_time_and_waits_as_long_as_it_was_asked_to(
    house, receiver
):
    house.install()
    house.start()
    receiver.answers = [web.Response(status=503, headers={"Retry-After": "20"}), 500, "reset"]
    (offset,) = house.append("user-1", order="ORD-9")
    await house.until(lambda: house.verdict(offset))
    assert house.verdict(offset) == (Verdict.DELIVERED, "")
    heads, bodies = [head for head, _ in receiver.requests], {body for _, body in receiver.requests}
    assert (len(heads), len(bodies), len({head["webhook-id"] for head in heads})) == (4, 1, 1)
    times = [int(head["webhook-timestamp"]) for head in heads]
    assert times == sorted(times)
    assert times[1] - times[0] >= 19
    same = [{name: text for name, text in head.items() if not name.lower().startswith("webhook-")} for head in heads]
    assert all(one == same[0] for one in same)
    assert house.delivered(offset).attempt.told[offset].reason == "possibly_doubled"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (410, "410 Gone"),
        ("elsewhere", "points to ***/; a redirect is not followed"),
    ],
)
async def test_a_receiver_that_is_gone_or_points_elsewhere_halts_the_installation_and_loses_nothing(
    house, receiver, answer, said
):
    house.install()
    house.start()
    receiver.answers = [answer if answer == 410 else web.Response(status=307, headers={"Location": f"{receiver.url}/"})]
    offsets = house.append("user-1", "user-2")
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    assert said in house.state().symptom + house.state().cause
    assert house.state().cure
    assert len(receiver.requests) == 1
    await house.until(house.is_done)
    assert {house.verdict(offset)[0] for offset in offsets} == {Verdict.DELIVERED}


@pytest.mark.parametrize("batching", ["off", "on"])
async def test_events_of_a_user_come_in_order_whatever_the_receiver_answers(house, receiver, batching):
    house.install(batching=batching, events_per_request=5, flush_interval_ms=100)
    house.start()
    receiver.answers = [204, 500, "reset", 429, 204, 503, 204, 204, 500]
    for round_number in range(6):
        house.append("a", "b", "c", "d", round=round_number)
    await house.until(house.is_done)
    seen = defaultdict(list)
    for event in receiver.taken:
        seen[int(event["messageId"][1:]) % 4].append(event["properties"]["round"])
    assert {tuple(dict.fromkeys(rounds)) for rounds in seen.values()} == {tuple(range(6))}
    assert all(rounds == sorted(rounds) for rounds in seen.values())
    if batching == "on":
        assert max(len(json.loads(body)["events"]) for _, body in receiver.requests) > 1


async def test_a_body_that_is_too_large_for_the_receiver_is_halved_until_it_fits(house, receiver):
    house.install(batching="on", events_per_request=8)
    receiver.most_events = 2
    house.start()
    offsets = house.append(*["a"] * 8)
    await house.until(house.is_done)
    assert {house.verdict(offset)[0] for offset in offsets} == {Verdict.DELIVERED}
    assert [event["messageId"] for event in receiver.taken] == [f"e{number}" for number in range(8)]
    assert len(receiver.requests) > 4


async def test_no_secret_of_an_installation_is_kept_with_what_was_sent(house, receiver):
    secrets = {"authentication": "basic", "basic_user": "jane", "basic_password": "pw-123456"}
    house.install(**secrets, secret_headers="X-Api-Key: k-123456")
    house.start()
    receiver.answers = [web.Response(status=400, text="what is k-123456 and pw-123456 at " + receiver.url)]
    (offset,) = house.append("user-1")
    await house.until(lambda: house.verdict(offset))
    found = house.delivered(offset)
    shown = repr(found)
    assert "***" in shown
    head, _ = receiver.requests[0]
    assert head["X-Api-Key"] == "k-123456"
    for secret in (KEY, "pw-123456", "k-123456", receiver.url, head["Authorization"]):
        assert secret not in shown
