"""A management API over a real store, with a log that a test fills."""

import asyncio
import base64
import secrets
import time
from contextlib import contextmanager
from functools import partial

import msgspec
import pytest
from litestar.testing import TestClient

from datafly import catalog
from datafly.log.base import EVENTS, Entry, Retention
from datafly.log.sqlite import SqliteLog
from datafly.management.app import compose, create_management
from datafly.management.services import Trying, hand_in, whom_as_asked
from datafly.management.settings import ManagementSettings
from datafly.management.web.app import Site
from datafly.model.delivery import Answer, Attempt, Outcome, Pending, Reply, SentRequest, State
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.runtime.trying import ask, governed
from datafly.shape import shape_event
from datafly.spec.compile import compile_integration, explainer
from datafly.spec.parameters import resolved_config, resolved_overrides
from datafly.store.base import Writing
from datafly.store.open import open_store
from datafly.testing.clock import FakeClock

PARTITIONS = 2
CONFIG = {"api_key": Secret("s3cret-key"), "partner_name": "myco"}
ROLES = ("owner", "admin", "editor", "viewer")


class AnyClock:
    """The clock that a test chose: it stands still, or is the real one for what runs over sockets."""

    def __init__(self, clock):
        self.clock = clock

    def __getattr__(self, name):
        return getattr(self.clock, name)


class RealClock:
    def now_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic(self):
        return time.monotonic()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


class Spare:
    """Applications of tests that are over. To build the routes takes longer than most tests do."""

    def __init__(self, make):
        self._make, self._spare = make, []

    @contextmanager
    def lent(self, settings):
        """To one at a time: an application lives once."""
        place = next((at for at, (known, _) in enumerate(self._spare) if known == settings), None)
        app = self._make(settings) if place is None else self._spare.pop(place)[1]
        yield app
        self._spare.append((settings, app))


APIS, SITES = Spare(create_management), Spare(Site)


class House:
    """Everything that a test of the API looks at and turns: a real store, a real log, the real catalogue."""

    def __init__(self, path, settings):
        key = Secret(base64.b64encode(secrets.token_bytes(32)).decode())
        self.clock = AnyClock(FakeClock())
        self.store = open_store(path / "store.db", encryption_key=key, now_ms=self._now_ms)
        self.control, self.ledger = self.store.control, self.store.ledger
        self.places = {}
        self.log = SqliteLog(path / "log", {EVENTS: PARTITIONS}, segment_bytes=1, now_ms=self._appended_ms)
        self.appenders = [self.log.appender(EVENTS, partition) for partition in range(PARTITIONS)]
        self.stop = asyncio.Event()
        self.tokens = {role: self.control.create_token(role, role)[1] for role in ROLES}
        self.pipeline = self.control.create_pipeline(Pipeline(id="", name="Default", slug="", pipeline_key=""))
        self.sent = []
        self.transport = None
        self.reply = Reply(status=200, body=b"{}", latency_ms=7.0)
        self.defaults = {}
        self.meanwhile = []
        self.whom = whom_as_asked
        self.services = compose(
            settings,
            control=self.control,
            ledger=self.ledger,
            catalog=catalog,
            readers=[partial(self.log.reader, EVENTS, partition) for partition in range(PARTITIONS)],
            intake=self.store.intake,
            find_offset=lambda message_id: self.places.get(message_id, []),
            compile=self._compile,
            send=self._send,
            clock=self.clock,
            stop=self.stop,
            trying=Trying(shape=shape_event, explain=self._explain, govern=governed, ask=ask),
        )
        self.services = msgspec.structs.replace(self.services, whom=self._whom)
        self._lent = APIS.lent(settings)
        self.app = self._lent.__enter__()
        hand_in(self.app, self.services)

    def close(self):
        self._lent.__exit__(None, None, None)
        for appender in self.appenders:
            appender.close()
        self.store.close()

    def live(self):
        """From now on time passes by itself."""
        self.clock.clock = RealClock()

    def heads(self):
        return {index: self.log.reader(EVENTS, index).bounds().head for index in range(PARTITIONS)}

    def forgets(self, partition):
        """Retention takes all that is in closed segments."""
        self.appenders[partition].retain(Retention(max_bytes=0), keep_from=10**9)

    def happens(self, message_id, *, partition=0, pipeline_id=None, **fields):
        """An event is in the log; its place."""
        event = Event(
            **{
                "message_id": message_id,
                "type": "track",
                "pipeline_id": pipeline_id or self.pipeline.id,
                "key": fields.get("user_id", "somebody"),
                "timestamp_ms": self._now_ms(),
                "received_ms": self._now_ms(),
                **fields,
            }
        )
        offset = self.appenders[partition].append([Entry(event.key, msgspec.json.encode(event))])
        self.places[message_id] = [(partition, offset)]
        return partition, offset

    def _now_ms(self):
        return self.clock.now_ms()

    def _appended_ms(self):
        """No two events come in the same millisecond, so that their order can be told."""
        return self._now_ms() + len(self.places)

    def _compile(self, installation):
        if self.meanwhile:
            self.meanwhile.pop()()
        return compile_integration(*self._said(installation), **self._more(installation))

    def _whom(self, **asked):
        return self.whom(**asked)

    def _explain(self, installation):
        return explainer(*self._said(installation), **self._more(installation))

    def _said(self, installation):
        config = resolved_config(installation.revision.config, installation.parameters)
        return catalog.get(installation.vendor), config

    def _more(self, installation):
        overrides = resolved_overrides(installation.revision.overrides, installation.parameters)
        return {"defaults": self.defaults, "overrides": overrides}

    async def _send(self, outgoing):
        self.sent.append(outgoing)
        return await self.transport(outgoing) if self.transport else self.reply

    def installed(self, name="Insider", *, vendor="insider", pipeline_id=None, **fields):
        number = len(self.control.installations(removed=True))
        template = Template(id=f"tmpl_{number}", name=name, vendor=vendor)
        revision = Revision(id=f"rev_{number}", template_id=template.id, number=1, config=dict(CONFIG))
        installation = Installation(
            **{
                "id": f"pi_{number}",
                "pipeline_id": pipeline_id or self.pipeline.id,
                "template": template,
                "revision": revision,
                "start": self.heads(),
                **fields,
            }
        )
        self.control.install(template, revision, [installation])
        return self.control.installation(installation.id)

    def attempt(self, installation, *places, delivered=None, body="{}", status=200, answer="{}", **fields):
        partition = places[0][0]
        offsets = tuple(offset for _, offset in places)
        return Attempt(
            **{
                "id": f"att_{secrets.token_hex(8)}",
                "installation_id": installation.id,
                "revision_id": installation.revision.id,
                "revision_number": installation.revision.number,
                "partition": partition,
                "offsets": offsets,
                "delivered": offsets if delivered is None else tuple(offset for _, offset in delivered),
                "started_ms": self.clock.now_ms(),
                "latency_ms": 12.5,
                "request": SentRequest("POST", "https://vendor.example/upsert", {"X-REQUEST-TOKEN": "***"}, body),
                "response": Answer(status=status, body=answer),
                **fields,
            }
        )

    def delivers(self, installation, *places, **fields):
        attempt = self.attempt(installation, *places, **fields)
        self.ledger.write([Writing(attempts=(attempt,), marks=self._mark(installation, places, attempt.run_id))])
        return attempt

    def decides(self, installation, verdict, *places, reason="", attempt=None, **fields):
        first, last = places[0], places[-1]
        outcome = Outcome(
            installation_id=installation.id,
            partition=first[0],
            first=first[1],
            last=last[1],
            ruling=Ruling(verdict, reason, cause=fields.pop("cause", ""), cure=fields.pop("cure", "")),
            decided_ms=self.clock.now_ms(),
            attempt_id=attempt.id if attempt else None,
            **fields,
        )
        marks = self._mark(installation, places, outcome.run_id)
        self.ledger.write([Writing(attempts=(attempt,) if attempt else (), outcomes=(outcome,), marks=marks)])
        return outcome

    def waits(self, installation, *places, verdict=Verdict.RETRY, reason="", status=503, **fields):
        pending = Pending(
            installation_id=installation.id,
            partition=places[0][0],
            lane=0,
            offsets=tuple(offset for _, offset in places),
            tries=3,
            ruling=Ruling(verdict, reason, cause="the vendor is down"),
            answer=Answer(status=status, body="busy"),
            next_try_ms=self.clock.now_ms() + 5_000,
            **fields,
        )
        self.ledger.write([Writing(pending=(pending,))])

    def stands(self, installation, name, **fields):
        self.ledger.write([Writing(states=(State(installation.id, name, **fields),))])

    def _mark(self, installation, places, run_id):
        partition, offset = places[-1]
        return ((installation.id, run_id, partition, offset + 1),)


class Caller:
    """Calls the API with the token of a role."""

    def __init__(self, client, tokens):
        self.client = client
        self.tokens = tokens

    def __call__(self, method, path, *, role="owner", **kwargs):
        headers = dict(kwargs.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return self.client.request(method, path, headers=headers, **kwargs)

    def get(self, path, **kwargs):
        reply = self("GET", path, **kwargs)
        assert reply.status_code == 200, reply.text
        return reply.json()


@pytest.fixture
def settings(request):
    """By an indirect parameter, with these fields."""
    return ManagementSettings(**getattr(request, "param", {}))


@pytest.fixture
def house(tmp_path, settings):
    house = House(tmp_path, settings)
    yield house
    house.close()


@pytest.fixture
def call(house):
    with TestClient(house.app, raise_server_exceptions=False) as client:
        yield Caller(client, house.tokens)


@pytest.fixture
def pages(house):
    """The API with the pages in front."""
    with SITES.lent(house.services.settings) as site:
        site.open(house.services)
        yield site


@pytest.fixture
def site(house, pages):
    """As `call`, with the pages in front."""
    with TestClient(pages, raise_server_exceptions=False) as client:
        yield Caller(client, house.tokens)


@pytest.fixture
def refused():
    """Every error has the one shape."""

    def check(reply, status, code, **details):
        assert reply.status_code == status, reply.text
        body = reply.json()
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "message", "details"}
        assert body["error"]["code"] == code
        assert body["error"]["message"]
        for name, value in details.items():
            assert body["error"]["details"].get(name) == value
        return body["error"]

    return check
