"""What the room answers, in Movable Ink's words where they are known; the rest is ours and says so."""

import base64
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from datafly.sandbox.faults import Fault
from datafly.sandbox.kit import Call, Credential, Endpoint, Kind, OurWord, Outcome, Pool, Vendor, Verdict
from datafly.sandbox.kit.conditions import retry_after
from datafly.sandbox.kit.vendor import Use
from datafly.sandbox.movable_ink.events import name_of, problem, who
from datafly.sandbox.wire import Incoming, Reply, json_reply

MOST_BYTES: Final = 1_000_000
_MOST_EVENTS: Final = 1_000


def _said(status: int, message: str, ours: str = "") -> Outcome:
    """`{"message", "request_id"}`, the id as a header as well: the shape of the one refusal that was seen."""
    request_id = str(uuid.uuid4())
    reply = json_reply(status, {"message": message, "request_id": request_id})
    return Outcome(
        Reply(status=status, body=reply.body, headers=(*reply.headers, ("x-request-id", request_id))), (), ours
    )


def _authenticate(incoming: Incoming, match: Mapping[str, str], known: Sequence[Credential]) -> Credential | Outcome:
    """The key of the path comes before the credentials, as was seen."""
    mine = next((one for one in known if one.values["endpoint_key"] == match.get("key")), None)
    if mine is None:
        return _said(404, "Behavioral endpoint key not found")
    pair = f"{mine.values['access_key']}:{mine.values['access_secret']}"
    expected = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if not secrets.compare_digest(incoming.headers.get("authorization", "").encode(), expected.encode()):
        return _said(401, "Unauthorized", "unauthorized")
    return mine


def _take(call: Call) -> Outcome:
    if len(call.incoming.body) > MOST_BYTES:
        return _said(413, "request body too large", "too_large")
    try:
        document = call.document()
    except ValueError:
        return _said(400, "body is not JSON", "no_json")
    is_list = isinstance(document, dict) and isinstance(document.get("events"), list)
    events = document["events"] if is_list else [document]
    if not events or len(events) > _MOST_EVENTS:
        return _said(400, f"a request holds 1 to {_MOST_EVENTS} events", "too_many_events")
    return _judged(call, events)


def _judged(call: Call, events: list[Any]) -> Outcome:
    """All or nothing: nothing is known of an answer that takes a part."""
    strict = call.mode["mappings"] == "set_up"
    problems = [problem(event, call.now, strict=strict) for event in events]
    if any(problems):
        verdicts = [
            _verdict(index, event, said) for index, (event, said) in enumerate(zip(events, problems, strict=True))
        ]
        first = next(said for said in problems if said)
        refused = _said(400, first, "unmapped" if first.startswith("no mapping") else "invalid_event")
        return Outcome(refused.reply, verdicts, refused.ours)
    for index, event in enumerate(events):
        _store(call, index, event)
    taken = [_verdict(index, event, "") for index, event in enumerate(events)]
    accepted = _said(200, "OK", "ok_body")
    return Outcome(accepted.reply, taken, accepted.ours)


def _verdict(index: int, event: Any, said: str) -> Verdict:
    named = event if isinstance(event, dict) else {}
    person = "" if said else who(named)
    return Verdict(
        place=f"events.{index}",
        accepted=not said,
        who=f"{name_of(named)} of {who(named) or 'nobody'}",
        kind="customers" if person else "",
        id=person,
        said=(said,) if said else (),
    )


def _store(call: Call, index: int, event: Mapping[str, Any]) -> None:
    person = _person(call, event)
    before = call.store.get("customers", person)
    known = dict(before.body) if before else {}
    traits = event.get("traits")
    if isinstance(traits, dict):
        known["traits"] = {**known.get("traits", {}), **traits}
    known["last_event"] = name_of(event)
    call.put("customers", person, known)
    call.put("events", f"{call.request_id}.{index}", event, owner=person)


def _person(call: Call, event: Mapping[str, Any]) -> str:
    """A visitor whose anonymous id comes beside a user id is that user, with what she did before."""
    user = next((event[name] for name in ("user_id", "userId") if event.get(name)), "")
    visitor = next((event[name] for name in ("anonymous_id", "anonymousId") if event.get(name)), "")
    if user and visitor and call.store.named("anonymous id", visitor) != user:
        call.store.name("anonymous id", visitor, user)
        call.store.give(visitor, user)
        call.store.drop("customers", visitor)
    if user:
        call.store.name("mi_u", user, user)
        return str(user)
    return call.store.named("anonymous id", visitor) or str(visitor)


def _fault(fault: Fault) -> Reply:
    words = {401: "Unauthorized", 404: "Behavioral endpoint key not found", 429: "Too Many Requests"}
    return _said(fault.status or 500, fault.body or words.get(fault.status or 500, "Internal Server Error")).reply


def _too_many(uses: Sequence[Use]) -> Outcome:
    refused = _said(429, "Too Many Requests", "too_many_requests")
    headers = (*refused.reply.headers, ("retry-after", str(retry_after(uses))))
    return Outcome(Reply(status=429, body=refused.reply.body, headers=headers), (), refused.ours)


def _nothing_there(_incoming: Incoming) -> Outcome:
    return Outcome(
        Reply(status=404, body=b"404 page not found\n", headers=(("content-type", "text/plain; charset=utf-8"),))
    )


MOVABLE_INK = Vendor(
    slug="movable_ink",
    name="Movable Ink",
    summary="Customers and events by the endpoint of the Customer Data API.",
    example="/behavioral/YOUR_KEY",
    roots=("behavioral",),
    endpoints=(
        Endpoint(method="POST", path="/behavioral/{key}", answer=_take, pools=(Pool("requests", 6_000, 60.0),)),
    ),
    credential_fields={
        "endpoint_key": ("Key in the endpoint URL", lambda: secrets.token_hex(12)),
        "access_key": ("Access key", lambda: secrets.token_hex(8)),
        "access_secret": ("Access secret", lambda: secrets.token_hex(16)),
    },
    settings={
        "endpoint_url": "{base}/behavioral/{endpoint_key}",
        "access_key": "{access_key}",
        "access_secret": "{access_secret}",
    },
    authenticate=_authenticate,
    refused={
        "missing": _nothing_there,
        "method": lambda _: _said(405, "method not allowed", "wrong_method"),
    },
    too_many=_too_many,
    fault_reply=_fault,
    kinds=(
        Kind(
            key="customers",
            title="Customers",
            one="customer",
            columns=(("Last event", "last_event"), ("Traits", "traits")),
            feeds=("events",),
            empty="Nobody has arrived yet.",
        ),
        Kind(
            key="events",
            title="Events",
            one="event",
            columns=(("Event", "event"), ("Type", "type"), ("Properties", "properties")),
        ),
    ),
    curl="""curl $BASE/behavioral/YOUR_KEY -u ACCESS_KEY:ACCESS_SECRET -H "Content-Type: application/json" \\
  -d '{"type":"track","event":"product_viewed","user_id":"user-123","properties":{"id":"SKU-1"},
       "timestamp":'$(date +%s)'000}'""",
    modes={"mappings": ("set_up", "any")},
    mode_words={
        "mappings": "Events that nothing is set up for",
        "mappings.set_up": "are refused with 400, as Movable Ink is likely to",
        "mappings.any": "are taken",
    },
    ours=(
        OurWord("unauthorized", "status 401", "Unauthorized"),
        OurWord("wrong_method", "status 405", "method not allowed"),
        OurWord("no_json", "status 400", "body is not JSON"),
        OurWord("too_large", "status 413", "request body too large"),
        OurWord("too_many_events", "status 400", f"a request holds 1 to {_MOST_EVENTS} events"),
        OurWord("unmapped", "status 400", "no mapping for event …"),
        OurWord("invalid_event", "status 400", "what an event lacks; a request is taken whole or not at all"),
        OurWord("too_many_requests", "status 429", "Too Many Requests; 6,000 a minute is ours"),
        OurWord("ok_body", "status 200", "OK: the body of a success is not documented"),
    ),
    most_bytes=MOST_BYTES,
)
