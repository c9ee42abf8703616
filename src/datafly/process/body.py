"""Step 1, decode: the JSON that was received becomes typed fields, or the reason why it is no event."""

from typing import Annotated, Any, Final

import msgspec

from datafly.model.event import TYPES, Received
from datafly.process.dedupe import Fingerprint, fingerprint
from datafly.process.placeholders import is_placeholder

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Refused(msgspec.Struct, frozen=True):
    """Not an event. `reason` is in words for whoever sent it."""

    reason: str


class Body(msgspec.Struct, rename="camel", gc=False):
    """What is read of an event; null is absent. `timestamp` is judged later: a bad one does not cost the event.
    `previous_id` only of an alias.

    RudderStack's SDKs say `original_timestamp` and leave `timestamp` to who wants to say another. Segment's server SDKs
    have the `category` of a page or screen beside its name. `integrations` is read by `process.routing`.
    """

    type: str | None = None
    event: str | None = None
    name: str | None = None
    user_id: Id | None = None
    anonymous_id: Id | None = None
    group_id: Id | None = None
    previous_id: Id | None = None
    category: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    integrations: Any = None


_decode: Final = msgspec.json.Decoder(Body).decode


def _fault(body: Body) -> str:
    """Why it is no event, empty if it is one."""
    kind = body.type
    if kind not in TYPES:
        return f"“{kind}” is not one of the types {', '.join(sorted(TYPES))}."
    if kind == "track" and not (body.event and body.event.strip()):
        return "A track event needs the name of an event."
    if kind != "alias":
        body.previous_id = None
    elif not (body.user_id and body.previous_id):
        return "An alias needs a userId and a previousId."
    return ""


def _leave_out_placeholders(body: Body) -> str:
    """In words what was left out, empty where nothing was."""
    said: list[str] = []
    if body.user_id is not None and is_placeholder(body.user_id):
        said.append(f"userId “{body.user_id}”")
        body.user_id = None
    if body.anonymous_id is not None and is_placeholder(body.anonymous_id):
        said.append(f"anonymousId “{body.anonymous_id}”")
        body.anonymous_id = None
    if body.previous_id is not None and is_placeholder(body.previous_id):
        said.append(f"previousId “{body.previous_id}”")
        body.previous_id = None
    return f"{' and '.join(said)}: nobody's id, left out" if said else ""


def _fields(body: msgspec.Raw) -> Body:
    """Of a name that is told twice, which the door once took, the last counts: the typed decoder stumbles on it."""
    try:
        return _decode(body)
    except msgspec.ValidationError:
        return msgspec.convert(msgspec.json.decode(body), Body)


class Incoming(msgspec.Struct, gc=False):
    """A record that is an event, as the steps take it. `mark` is the fingerprint of its message id.

    Events of one `key` keep their order; an alias stands in that of its visitor, else of the id that it ends.
    `ignored`: in words which of its ids were nobody's. `appended_ms`: when it came into the log, by the log's clock.
    """

    offset: int
    received: Received
    body: Body
    key: str
    mark: Fingerprint
    may_have_nulls: bool = True
    ignored: str = ""
    appended_ms: int = 0


def incoming(offset: int, received: Received, value: bytes, appended_ms: int = 0) -> Incoming | Refused:
    """`value`: bytes in which `body` is; looking for a null in them is cheaper than looking for it in the event.
    `appended_ms` 0: nobody tells, so it is when it was received.
    """
    try:
        body = _fields(received.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused(f"The event cannot be read: {error}.")
    body.type = body.type or received.type
    body.anonymous_id = received.anonymous_id or body.anonymous_id
    if body.timestamp is None:
        body.timestamp = body.original_timestamp
    if fault := _fault(body):
        return Refused(fault)
    ignored = _leave_out_placeholders(body)
    key = body.anonymous_id or body.previous_id or body.user_id or received.message_id
    mark = fingerprint(received.pipeline_id, received.message_id)
    return Incoming(offset, received, body, key, mark, b"null" in value, ignored, appended_ms or received.received_ms)
