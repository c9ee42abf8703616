"""The front of an API: faults, then route, credentials, limits, then the endpoint; all of it on record.

A request is one transaction.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from litestar.types import Receive, Send
from litestar.types.asgi_types import HTTPScope

from datafly.sandbox.faults import HEADER, Fault, parse_fault
from datafly.sandbox.kit.conditions import Conditions
from datafly.sandbox.kit.store import Store
from datafly.sandbox.kit.vendor import Call, Credential, Endpoint, Outcome, Vendor
from datafly.sandbox.rooms import Clock
from datafly.sandbox.wire import (
    Incoming,
    Reply,
    drop_connection,
    json_reply,
    malformed,
    read_incoming,
    send_half,
    send_reply,
)

_SHOWN_OF_A_SECRET = 4


class Front:
    """A bare ASGI application under the prefix of the room."""

    def __init__(self, vendor: Vendor, store: Store, conditions: Conditions, clock: Clock) -> None:
        self._vendor = vendor
        self._store = store
        self._conditions = conditions
        self._clock = clock
        self._routes = [(endpoint, _pattern(endpoint.path)) for endpoint in vendor.endpoints]

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        incoming = await read_incoming(scope, receive, body_limit=self._vendor.most_bytes)
        try:
            fault = self._fault_for(incoming)
        except ValueError as error:
            await send_reply(send, json_reply(400, {"error": f"{HEADER}: {error}"}))
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

    def _fault_for(self, incoming: Incoming) -> Fault | None:
        header = incoming.headers.get(HEADER)
        return self._conditions.faults.take() if header is None else parse_fault(header)

    def _answer(self, incoming: Incoming, fault: Fault | None) -> Reply | None:
        began, now = time.perf_counter(), self._clock()
        with self._store.transaction():
            request_id = self._store.open_request(incoming, now, self._shown(incoming.headers))
            takes_effect = fault is None or fault.takes_effect
            outcome = self._handle(incoming, request_id) if takes_effect else None
            reply = _under(fault, outcome, self._vendor)
            self._store.answer_request(
                request_id,
                reply,
                outcome.verdicts if outcome else (),
                note=_note(fault),
                elapsed_ms=int((time.perf_counter() - began) * 1000),
            )
        return reply

    def _handle(self, incoming: Incoming, request_id: int) -> Outcome:
        found = self._route(incoming)
        if isinstance(found, Outcome):
            return _marked(found)
        endpoint, match = found
        caller = None if endpoint.open else self._caller(incoming, match)
        if isinstance(caller, Outcome):
            return _marked(caller)
        now = self._clock()
        uses = self._conditions.spend(caller.id if caller else 0, endpoint.pools, now)
        if any(use.is_over for use in uses):
            return _marked(self._vendor.too_many(uses))
        call = Call(
            incoming=incoming,
            match=match,
            credential=caller,
            store=self._store,
            now=now,
            visible_at=now + timedelta(seconds=self._conditions.lag_seconds),
            request_id=request_id,
            mode=self._conditions.mode,
            uses=uses,
        )
        outcome = _marked(endpoint.answer(call))
        told = (*outcome.reply.headers, *self._vendor.limit_headers(uses))
        return msgspec.structs.replace(outcome, reply=msgspec.structs.replace(outcome.reply, headers=told))

    def _caller(self, incoming: Incoming, match: Mapping[str, str]) -> Credential | Outcome:
        known = [credential_of(row) for row in self._store.credentials()]
        caller = self._vendor.authenticate(incoming, match, known)
        if isinstance(caller, Credential):
            self._store.note_use(caller.id, self._clock())
        return caller

    def _route(self, incoming: Incoming) -> tuple[Endpoint, dict[str, str]] | Outcome:
        path = incoming.path.removeprefix(f"/{self._vendor.slug}")
        there = [(endpoint, found) for endpoint, pattern in self._routes if (found := pattern.fullmatch(path))]
        for endpoint, found in there:
            if endpoint.method == incoming.method:
                return endpoint, found.groupdict()
        return self._vendor.refused["method" if there else "missing"](incoming)

    def _shown(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Of what may hold a credential, the end."""
        shown = dict(headers)
        for name in ("authorization", "x-api-key"):
            if name in shown:
                shown[name] = f"…{shown[name][-_SHOWN_OF_A_SECRET:]}"
        return shown


def credential_of(row: Mapping[str, Any]) -> Credential:
    return Credential(
        id=row["id"],
        name=row["name"],
        values=row["values"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
    )


def _marked(outcome: Outcome) -> Outcome:
    if not outcome.ours:
        return outcome
    headers = (*outcome.reply.headers, ("x-sandbox-ours", outcome.ours))
    return msgspec.structs.replace(outcome, reply=msgspec.structs.replace(outcome.reply, headers=headers))


def _under(fault: Fault | None, outcome: Outcome | None, vendor: Vendor) -> Reply | None:
    reply = outcome.reply if outcome else None
    if fault is None:
        return reply
    if fault.drop:
        return None
    if fault.status is not None:
        reply = vendor.fault_reply(fault)
        if fault.retry_after is not None:
            headers = (*reply.headers, ("retry-after", str(fault.retry_after)))
            reply = msgspec.structs.replace(reply, headers=headers)
    return malformed(reply) if fault.spoil == "malformed" and reply else reply


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w+)}", path)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    )


def _note(fault: Fault | None) -> str:
    if fault is None:
        return ""
    asked = msgspec.to_builtins(fault)
    return "fault on demand: " + ", ".join(f"{name} {value}" for name, value in asked.items() if name != "body")
