"""The API's front: faults, then Insider's checks in their order, then the endpoint; all of it on record.

The order is route, method, credentials, rate, content type, size, JSON. A request is one transaction.
"""

import asyncio
import time

import msgspec
from litestar.types import Receive, Send
from litestar.types.asgi_types import HTTPScope

from datafly.sandbox.faults import HEADER, Fault, parse_fault
from datafly.sandbox.insider import replies
from datafly.sandbox.insider.account import Account, ApiKey
from datafly.sandbox.insider.attribute_delete import ATTRIBUTE_DELETE
from datafly.sandbox.insider.columns import COLUMNS
from datafly.sandbox.insider.conditions import Conditions
from datafly.sandbox.insider.credentials import authenticate
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.erasure import ANONYMIZE, ANONYMIZE_CONTACT, DELETE_USER
from datafly.sandbox.insider.identity import DELETE_IDENTITY, PATCH_IDENTITY
from datafly.sandbox.insider.profile import PROFILE
from datafly.sandbox.insider.replies import Answer
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.history import Stamp
from datafly.sandbox.insider.state.requests import UserVerdict
from datafly.sandbox.insider.upsert import UPSERT, write_due
from datafly.sandbox.rooms import Clock
from datafly.sandbox.wire import Incoming, Reply, drop_connection, malformed, read_incoming, send_half, send_reply

MOST_BYTES = 5_000_000
ENDPOINTS: tuple[Endpoint, ...] = (
    UPSERT,
    ATTRIBUTE_DELETE,
    PATCH_IDENTITY,
    DELETE_IDENTITY,
    PROFILE,
    DELETE_USER,
    ANONYMIZE,
    ANONYMIZE_CONTACT,
    COLUMNS,
)


class _Handled(msgspec.Struct, frozen=True):
    """`reply` None: the connection is dropped. `note` is the inspector's."""

    reply: Reply | None
    account: Account | None = None
    verdicts: list[UserVerdict] = []


class InsiderApi:
    """A bare ASGI application under the prefix of the room."""

    def __init__(self, state: State, conditions: Conditions, clock: Clock, prefix: str) -> None:
        self._state = state
        self._conditions = conditions
        self._clock = clock
        self._prefix = prefix

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        incoming = await read_incoming(scope, receive, body_limit=MOST_BYTES)
        fault = self._fault_for(incoming)
        if isinstance(fault, Answer):
            await send_reply(send, fault.reply())
            return
        if fault:
            await asyncio.sleep(fault.delay_ms / 1000)
        reply = self._answer(incoming, fault)
        if reply is None:
            await drop_connection(send, receive)
        elif fault and fault.spoil == "truncated":
            await send_half(send, receive, reply)
        else:
            await send_reply(send, reply)

    def _fault_for(self, incoming: Incoming) -> Fault | Answer | None:
        header = incoming.headers.get(HEADER)
        if header is None:
            return self._conditions.faults.take()
        try:
            return parse_fault(header)
        except ValueError:
            return replies.UNREADABLE_FAULT

    def _answer(self, incoming: Incoming, fault: Fault | None) -> Reply | None:
        began = time.perf_counter()
        now = self._clock()
        with self._state.transaction():
            self._state.identities.forget_stale(now)
            write_due(self._state, now)
            request_id = self._state.requests.open(incoming, now)
            handled = self._under(fault, incoming, Stamp(request_id, now))
            elapsed_ms = int((time.perf_counter() - began) * 1000)
            self._state.requests.answer(
                request_id,
                account_id=handled.account.id if handled.account else None,
                reply=handled.reply,
                verdicts=handled.verdicts,
                note=_note(fault),
                elapsed_ms=elapsed_ms,
            )
        return handled.reply and replies.with_header(handled.reply, "x-envoy-upstream-service-time", str(elapsed_ms))

    def _under(self, fault: Fault | None, incoming: Incoming, stamp: Stamp) -> _Handled:
        if fault is None:
            return self._handle(incoming, stamp)
        handled = self._handle(incoming, stamp) if fault.takes_effect else _Handled(None)
        if fault.drop:
            return msgspec.structs.replace(handled, reply=None)
        if fault.status is not None:
            handled = msgspec.structs.replace(handled, reply=replies.fault_reply(fault))
        if fault.spoil == "malformed" and handled.reply:
            return msgspec.structs.replace(handled, reply=malformed(handled.reply))
        return handled

    def _handle(self, incoming: Incoming, stamp: Stamp) -> _Handled:
        endpoint = _endpoint(incoming.method, incoming.path.removeprefix(self._prefix))
        if isinstance(endpoint, Answer):
            return _Handled(endpoint.reply())
        caller = authenticate(self._state.accounts, incoming, self._conditions.auth_errors)
        if isinstance(caller, Answer):
            account = self._state.accounts.of_partner(incoming.headers.get("x-partner-name", ""))
            return _Handled(caller.reply(), account)
        account, key = caller
        self._state.accounts.note_use(key, stamp.received_at)
        outcome = self._limited(endpoint, key, stamp) or self._run(endpoint, account, incoming, stamp, key)
        return _Handled(outcome.reply, account, outcome.verdicts)

    def _limited(self, endpoint: Endpoint, key: ApiKey, stamp: Stamp) -> Outcome | None:
        limits = self._conditions.limits
        refusal = limits.refusal(
            key.id, endpoint.pool, endpoint.units_a_minute, stamp.received_at, units=endpoint.units
        )
        if refusal is None:
            return None
        return Outcome(replies.with_retry_after(replies.TOO_MANY_REQUESTS.reply(), refusal.retry_after))

    def _run(self, endpoint: Endpoint, account: Account, incoming: Incoming, stamp: Stamp, key: ApiKey) -> Outcome:
        document = read_document(incoming)
        if isinstance(document, Answer):
            return Outcome(document.reply())
        call = Call(
            account=account,
            document=document,
            stamp=stamp,
            lag_seconds=self._conditions.lag_seconds,
            units_used=self._conditions.limits.used(key.id, endpoint.pool),
        )
        return endpoint.answer(self._state, call)


def read_document(incoming: Incoming) -> dict[str, object] | Answer:
    """The JSON object that was sent; a document that is no object has no fields, so it is an empty one."""
    content_type = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        return replies.NOT_JSON_TYPE
    if len(incoming.body) > MOST_BYTES:
        return replies.TOO_LARGE
    try:
        document = msgspec.json.decode(incoming.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return replies.NOT_JSON
    return document if isinstance(document, dict) else {}


def _endpoint(method: str, path: str) -> Endpoint | Answer:
    there = [endpoint for endpoint in ENDPOINTS if endpoint.path == path]
    if not there:
        return replies.NOT_FOUND
    return next((endpoint for endpoint in there if endpoint.method == method), replies.WRONG_METHOD)


def _note(fault: Fault | None) -> str:
    if fault is None:
        return ""
    asked = msgspec.to_builtins(fault)
    return "fault on demand: " + ", ".join(f"{name} {value}" for name, value in asked.items() if name != "body")
