"""Whether what an SDK was asked to say has arrived: whole, once, with its ids and context."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from datafly.model.event import Event
from proving.run import Seen, calls_of
from proving.sdks import Sdk


def faults(sdk: Sdk, mode: str, seen: Seen) -> list[str]:
    """What is wrong, in words; empty is as it should be."""
    calls = calls_of(sdk, mode)
    found = [fault for call in calls for fault in _of_call(sdk, mode, call, seen)]
    if len(seen.events) != len(calls):
        found.append(f"{len(calls)} calls became {len(seen.events)} events; the SDK said: {seen.said}")
    if mode == "lost" and sdk.repeats and len(seen.received) <= len(calls):
        found.append("nothing was sent again, so it is not known what would become of it")
    return found


def _of_call(sdk: Sdk, mode: str, call: dict[str, Any], seen: Seen) -> Iterator[str]:
    kind = call["type"]
    of_kind = [event for event in seen.events if event.type == kind]
    if len(of_kind) != 1:
        yield f"{kind} arrived {len(of_kind)} times"
        return
    (event,) = of_kind
    expected = _ids(call)
    if sdk.remembers and mode == "short":
        expected["user_id"] = None  # no identify came before
    for name, value in expected.items():
        if getattr(event, name) != value:
            yield f"{kind}: {name} is {getattr(event, name)!r}, not {value!r}"
    yield from _objects(call, event)
    if "timestamp" in call and _told_time(event, seen) != datetime.fromisoformat(call["timestamp"]):
        yield f"{kind}: its timestamp is not {call['timestamp']}"


def _ids(call: dict[str, Any]) -> dict[str, Any]:
    names = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}
    names |= {"messageId": "message_id", "event": "event", "name": "name"}
    return {ours: call[theirs] for theirs, ours in names.items() if theirs in call}


def _objects(call: dict[str, Any], event: Event) -> Iterator[str]:
    properties = call.get("properties", {}) | ({"category": call["category"]} if "category" in call else {})
    wanted = {"properties": properties, "traits": call.get("traits", {}), "context": call["context"]}
    for name, told in wanted.items():
        has = getattr(event, name)
        for key, value in told.items():
            if has.get(key) != value:
                yield f"{event.type}: {name}.{key} is {has.get(key)!r}, not {value!r}"
    if not event.context.get("library", {}).get("version"):
        yield f"{event.type}: its context does not name the library"


def _told_time(event: Event, seen: Seen) -> datetime:
    """What the sender's clock said, before skew was put right."""
    (first, *_) = [received for received in seen.received if received.message_id == event.message_id]
    body = msgspec.json.decode(first.body)
    return datetime.fromisoformat(body.get("timestamp") or body["originalTimestamp"])
