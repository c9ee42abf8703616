"""Delivery with Insider's own definition, over HTTP, to a vendor that answers in the words of contracts/insider.md."""

from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web

from datafly import catalog
from datafly.log.base import Entry
from datafly.model.consent import Consent
from datafly.model.delivery import DRIFT
from datafly.model.event import Event
from datafly.model.verdict import Verdict
from datafly.spec.compile import compile_integration
from datafly.spec.config import validate_config

INSIDER = catalog.get("insider")
DELIVERED = (Verdict.DELIVERED, "")
ACCESS_DENIED = '{"success":false,"message":"Access Denied. You do not have sufficient access to perform this action."}'
COLUMNS = '[{"key":"email","display_name":"E-mail"}]'


class Account:
    """`answer(users)`: (status, body), or None to take them all; `merged`: what the change of an identifier answers."""

    def __init__(self):
        self.merged = (200, "{}\n")
        self.requests = []
        self.taken = []
        self.answer = lambda _users: None

    async def handle(self, request):
        body = await request.read()
        self.requests.append((request.path, body))
        if request.path.endswith("/metadata/columns"):
            return self._said(200, COLUMNS)
        if request.method == "PATCH":
            return self._said(*self.merged)
        users = [user["identifiers"]["uuid"] for user in msgspec.json.decode(body)["users"]]
        if answer := self.answer(users):
            return self._said(*answer)
        self.taken += users
        return self._said(200, f'{{"data":{{"successful":{{"count":{len(users)}}},"fail":{{}}}}}}\n')

    def upserts(self):
        return [body for path, body in self.requests if path.endswith("/upsert")]

    def _said(self, status, body):
        return web.Response(status=status, body=body.encode(), content_type="application/json")


@asynccontextmanager
async def serving(account):
    runner = web.ServerRunner(web.Server(account.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def account(house, request):
    """The house's installation is one of Insider's, at this account; a parameter is more of its config."""
    made = Account()
    async with serving(made) as url:
        given = {"api_key": "xxxxxxxxxxxxxxxxxxxx", "partner_name": "myco", "base_url": url}
        config = validate_config(INSIDER, "default", "server_side", {**given, **getattr(request, "param", {})})
        house.compile = lambda _installation: compile_integration(INSIDER, config)
        house.install()
        yield made


def identified(house, *users):
    """An identify of each of these users."""
    events = [
        Event(
            message_id=f"m-{user}-{house.count}",
            type="identify",
            pipeline_id="pip",
            key=user,
            user_id=user,
            timestamp_ms=house.clock.now_ms(),
            received_ms=house.clock.now_ms(),
            traits={"city": "London"},
            consent=Consent({"marketing": True}, "event"),
        )
        for user in users
    ]
    first = house.appender.append([Entry(event.key, msgspec.json.encode(event)) for event in events])
    return list(range(first, first + len(events)))


def viewed(house, *users, **properties):
    """A Product Viewed of each of these users."""
    events = [
        Event(
            message_id=f"v-{user}",
            type="track",
            event="Product Viewed",
            pipeline_id="pip",
            key=user,
            user_id=user,
            timestamp_ms=house.clock.now_ms(),
            received_ms=house.clock.now_ms(),
            properties=properties,
            consent=Consent({"marketing": True}, "event"),
        )
        for user in users
    ]
    first = house.appender.append([Entry(event.key, msgspec.json.encode(event)) for event in events])
    return list(range(first, first + len(events)))


def stands(house, name):
    return house.state() is not None and house.state().name == name


async def connection_tested(house):
    """What *Test connection* does."""
    compiled = house.compile(None)
    return compiled.judge_check(await house.transport.send(compiled.credential_check)).verdict


async def test_an_account_that_passes_the_test_and_may_not_upsert_is_probed_with_its_head_batch(house, account):
    """The product package may exclude upsert, so the test of the credentials says nothing of it."""
    account.answer = lambda _users: (403, ACCESS_DENIED)
    house.start(lanes=1)
    assert await connection_tested(house) is Verdict.DELIVERED
    offsets = identified(house, "u1", "u2")
    await house.until(lambda: stands(house, "suspended"))
    identified(house, "u3")
    assert house.state().symptom == "403 Access Denied"
    assert await connection_tested(house) is Verdict.DELIVERED
    sent = len(account.upserts())
    await house.until(lambda: len(account.upserts()) >= sent + 3)
    assert stands(house, "suspended")
    assert set(account.upserts()) == {account.upserts()[0]}

    account.answer = lambda _users: None
    await house.until(house.is_done)
    assert stands(house, "running")
    assert [house.verdict(offset) for offset in offsets] == [DELIVERED] * 2
    assert account.taken == ["u1", "u2", "u3"]
    assert house.delivered(offsets[0]).attempt.tries >= 4


async def test_any_other_400_on_many_is_halved_until_the_culprit_is_alone(house, account):
    refusal = '{"error":"users must be defined: bad request"}'
    account.answer = lambda users: (400, refusal) if "u4" in users else None
    house.start(lanes=1)
    offsets = identified(house, *(f"u{number}" for number in range(7)))
    await house.until(house.is_done)
    assert account.taken == ["u0", "u1", "u2", "u3", "u5", "u6"]
    assert house.verdict(offsets[4]) == (Verdict.REJECTED, "users must be defined: bad request")
    assert house.delivered(offsets[4]).attempt.offsets == (offsets[4],)
    assert {house.verdict(offset) for offset in offsets if offset != offsets[4]} == {DELIVERED}
    assert house.state() is None or stands(house, "running")


async def test_a_user_refused_in_a_200_is_rejected_alone_and_not_sent_again(house, account):
    refusal = (
        '{"data":{"successful":{"count":1},"fail":{"count":1,"errors":'
        '{"users.1.identifiers.*.type(string)":["uuid must be string: u1"]}}}}\n'
    )
    account.answer = lambda _users: (200, refusal)
    house.start(lanes=1)
    taken, refused = identified(house, "u0", "u1")
    await house.until(house.is_done)
    assert len(account.upserts()) == 1
    assert house.verdict(taken) == DELIVERED
    assert house.verdict(refused) == (Verdict.REJECTED, "uuid must be string: u1")


async def test_a_failure_counted_in_text_is_not_delivered_and_the_drift_is_counted(house, account):
    answers = {
        2: '{"data":{"successful":{"count":1},"fail":{"count":"1"}}}',
        1: '{"data":{"successful":{},"fail":{"count":"1"}}}',
    }
    account.answer = lambda users: (200, answers[len(users)]) if "u1" in users else None
    house.start(lanes=1)
    taken, refused = identified(house, "u0", "u1")
    await house.until(house.is_done)
    assert house.verdict(taken) == DELIVERED
    assert house.verdict(refused)[0] is Verdict.REJECTED
    assert house.ledger.counts("ins")[DRIFT] == 2
    told = {one.sentence for one in house.ledger.notices("ins") if one.kind == DRIFT}
    assert any("data.fail has no count that is a number" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, '{"error":"rejected: too many requests"}'),
        (429, '{"message":"Too Many Requests","status":429}'),
        (500, '{"success":false,"message":"The request processing has failed because of an unknown error."}'),
        (503, ""),
        (504, "upstream request timeout"),
        (520, "<!DOCTYPE html><html><h1>Error 520</h1></html>"),
        (200, "<html>a proxy's page</html>"),
    ],
)
async def test_what_passes_by_itself_is_sent_again_byte_by_byte_until_it_is_taken(house, account, status, body):
    account.answer = lambda _users: (status, body) if len(account.requests) < 3 else None
    house.start(lanes=1)
    offsets = identified(house, "u0", "u1")
    await house.until(house.is_done)
    assert [house.verdict(offset) for offset in offsets] == [DELIVERED] * 2
    assert len(account.upserts()) == 3
    assert len(set(account.upserts())) == 1
    assert bool(house.ledger.counts("ins").get(DRIFT)) is (status == 200)


async def test_what_insider_took_is_counted_by_event_and_parameter_and_what_it_refused_is_not(house, account):
    refusal = (
        '{"data":{"successful":{"count":2},"fail":{"count":1,"errors":'
        '{"users.2.identifiers.*.type(string)":["uuid must be string: u2"]}}}}\n'
    )
    account.answer = lambda users: (
        (200, refusal) if "u2" in users else (503, "") if len(account.requests) == 1 else None
    )
    house.start(lanes=1)
    identified(house, "u9")
    await house.until(house.is_done)
    viewed(house, "u0", "u1", "u2", product_id="p1", price=5, currency="EUR")
    await house.until(house.is_done)
    day = house.clock.now_ms() // 86_400_000
    found = {(one.name, one.param): one.count for one in house.ledger.sightings("ins", since_day=day - 1)}
    view = "product_detail_page_view"
    assert found == {(view, param): 2 for param in ("", "product_id", "currency", "unit_price", "unit_sale_price")}


MERGES = pytest.mark.parametrize("account", [{"anonymous_events": "as_uuid"}], indirect=True)
TAKEN = '{"error":"new identifier already has a user assigned to it: bad request"}'


def logs_in(house, user, visitor):
    """The first identify of a visitor, and a later one of the same user."""
    events = [
        Event(
            message_id=f"login-{number}",
            type="identify",
            pipeline_id="pip",
            key=visitor,
            user_id=user,
            anonymous_id=visitor,
            links=links,
            timestamp_ms=house.clock.now_ms(),
            received_ms=house.clock.now_ms(),
            traits={"city": "London"},
            consent=Consent({"marketing": True}, "event"),
        )
        for number, links in enumerate([visitor, None])
    ]
    first = house.appender.append([Entry(event.key, msgspec.json.encode(event)) for event in events])
    return first, first + 1


def calls(account):
    return [path.rpartition("/v1/")[2] for path, _ in account.requests]


@MERGES
async def test_a_visitor_becomes_the_user_before_the_user_is_told(house, account):
    house.start(lanes=1)
    first, later = logs_in(house, "u1", "visitor-1")
    await house.until(house.is_done)
    assert calls(account) == ["identity", "upsert"]
    assert account.taken == ["u1", "u1"]
    assert [house.verdict(first), house.verdict(later)] == [DELIVERED] * 2
    assert house.delivered(first).attempt.told == {}


@MERGES
@pytest.mark.parametrize(
    ("status", "body", "symptom"),
    [
        (400, TAKEN, "new identifier already has a user assigned to it"),
        (400, '{"error":"identifier values are the same: bad request"}', "identifier values are the same"),
        (400, '{"error":"no valid identifier: bad request"}', "no valid identifier"),
        (404, '{"error":"no such user for these identifiers: no data"}', "no such user for these identifiers"),
    ],
)
async def test_a_login_that_cannot_be_merged_goes_on_and_tells_why(house, account, status, body, symptom):
    """contracts/insider.md §5.1."""
    account.merged = (status, body)
    house.start(lanes=1)
    first, later = logs_in(house, "u1", "visitor-1")
    await house.until(house.is_done)
    assert calls(account) == ["identity", "upsert"]
    assert [house.verdict(first), house.verdict(later)] == [DELIVERED] * 2
    told = house.delivered(first).attempt.told
    assert list(told) == [first]
    assert (told[first].symptom, told[first].reason in body) == (symptom, True)
    assert told[first].cause
    attempt = house.delivered(first).attempt
    ((offset, (ahead,)),) = attempt.ahead.items()
    assert (offset, ahead.response.status, ahead.response.body) == (first, status, body)
    assert (ahead.request.method, ahead.request.url.endswith("/identity")) == ("PATCH", True)
    assert msgspec.json.decode(ahead.request.body)["old_identifier"] == {"uuid": "visitor-1"}
    assert ahead.request.headers["X-REQUEST-TOKEN"] == "***"
    assert attempt.request.url.endswith("/upsert")


@MERGES
@pytest.mark.parametrize(
    ("status", "body", "state"),
    [(403, ACCESS_DENIED, "suspended"), (429, '{"error":"rejected: too many requests"}', "")],
)
async def test_a_merge_that_is_put_off_holds_the_user_back_until_it_is_done(house, account, status, body, state):
    account.merged = (status, body)
    house.start(lanes=1)
    first, later = logs_in(house, "u1", "visitor-1")
    await house.until(lambda: calls(account).count("identity") >= 3)
    assert "upsert" not in calls(account)
    assert not state or stands(house, state)
    account.merged = (200, "{}\n")
    await house.until(house.is_done)
    assert calls(account)[-1] == "upsert"
    assert calls(account).count("upsert") == 1
    assert [house.verdict(first), house.verdict(later)] == [DELIVERED] * 2


@MERGES
async def test_a_limit_of_identity_calls_slows_those_and_not_the_upserts(house, account):
    account.merged = (429, '{"error":"rejected: too many requests"}')
    house.start(lanes=1)
    logs_in(house, "u1", "visitor-1")
    await house.until(lambda: house.state() is not None and house.state().slowed)
    assert [(one.route, one.documented) for one in house.state().slowed] == [("identity", 2_000)]
