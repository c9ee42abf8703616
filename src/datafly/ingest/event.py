"""One event as it comes through a door: checked, its ids found, its body left as it was sent."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from datafly.ingest import dialect, sound
from datafly.ingest.codes import Code, Refused
from datafly.ingest.settings import GatewaySettings
from datafly.model.event import TYPES

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Fields(msgspec.Struct, rename="camel"):
    """What the door reads of an event; None is absent. Everything else in the event passes unread."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    user_id: Id | None = None
    anonymous_id: Id | None = None
    group_id: Id | None = None
    message_id: Id | None = None
    previous_id: Id | None = None
    timestamp: str | None = None
    sent_at: str | None = None
    properties: dict[Any, Any] | None = None
    traits: dict[Any, Any] | None = None
    context: dict[Any, Any] | None = None
    pipeline_key: str | None = None
    write_key: str | None = None
    wk: str | None = None

    @property
    def key(self) -> str | None:
        return self.pipeline_key or self.write_key or self.wk


class Checked(msgspec.Struct, gc=False):
    """A good event: `body` is what was sent, `type` is known. `sent_ms`: by the sender's clock."""

    body: bytes
    type: str
    fields: Fields
    sent_ms: int | None


IDS: Final = ("userId", "anonymousId", "groupId", "messageId", "previousId")
_ID: Final = "must be a string of 1 to 255 characters"
_EXPECTED: Final = {
    **dict.fromkeys(IDS, _ID),
    **dict.fromkeys(("properties", "traits", "context"), "must be an object"),
    "batch": "must be an array of events",
    "reset": "must be true or false",
}
_AT: Final = re.compile(r"`\$\.([^`.\[]+)`$")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def check(body: bytes, *, implied: str | None, settings: GatewaySettings, lenient: bool = False) -> Checked:
    """`implied`: the type that the path says. `lenient`: ids may be as other products' SDKs send them. Raises
    `Refused`.
    """
    value = sound.decode(body, max_depth=settings.max_depth)
    try:
        fields = read_fields(value)
    except Refused:
        if not lenient or not dialect.mend_ids(value, IDS):
            raise
        fields, body = read_fields(value), msgspec.json.encode(value)
    if len(body) > settings.max_event_bytes:
        raise too_large(fields, len(body), settings.max_event_bytes)
    kind = _type(fields, implied)
    if kind == "track":
        if not (fields.event and fields.event.strip()):
            raise Refused(Code.MISSING_EVENT_NAME, "event: a track event needs a name.", field="event")
    elif kind == "alias" and not (fields.user_id and fields.previous_id):
        raise Refused(Code.INCOMPLETE_ALIAS, field="previousId" if fields.user_id else "userId")
    if fields.timestamp is not None:
        _moment("timestamp", fields.timestamp)
    sent_ms = None if fields.sent_at is None else moment_ms("sentAt", fields.sent_at)
    return Checked(body, kind, fields, sent_ms)


def read_fields(value: object) -> Fields:
    try:
        return msgspec.convert(value, Fields)
    except msgspec.ValidationError as fault:
        raise wrong_field(fault, whole="An event must be a JSON object.") from None


def wrong_field(fault: msgspec.ValidationError, *, whole: str) -> Refused:
    """The refusal that names the field; `whole`: what to say where the value itself is of the wrong kind."""
    found = _AT.search(str(fault))
    if found is None:
        return Refused(Code.INVALID_PAYLOAD, whole)
    field = found[1]
    return Refused(Code.INVALID_FIELD, f"{field} {_EXPECTED.get(field, 'must be a string')}.", field=field)


def too_large(fields: Fields, size: int, limit: int) -> Refused:
    name = " ".join(word for word in (fields.type or "event", fields.event and f"“{fields.event[:100]}”") if word)
    known = f" (messageId {fields.message_id})" if fields.message_id else ""
    message = f"The {name}{known} has {size:,} bytes; an event may have {limit:,}."
    return Refused(
        Code.EVENT_TOO_LARGE, message, message_id=fields.message_id, event=fields.event and fields.event[:100]
    )


def moment_ms(field: str, text: str | None) -> int | None:
    """Milliseconds since the epoch; a time without zone is UTC. Raises `Refused` naming the field."""
    if text is None:
        return None
    moment = _moment(field, text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND


def _moment(field: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refused(Code.INVALID_TIMESTAMP, f"{field} is not an ISO 8601 time.", field=field) from None


def _type(fields: Fields, implied: str | None) -> str:
    kind = fields.type or implied
    if kind is None:
        raise Refused(Code.MISSING_TYPE, "type: the event has none.", field="type")
    if kind not in TYPES:
        known = ", ".join(sorted(TYPES))
        raise Refused(Code.UNKNOWN_TYPE, f"type: “{kind[:50]}” is none of {known}.", field="type")
    if implied is not None and kind != implied:
        raise Refused(Code.TYPE_MISMATCH, f"type: this path takes {implied}, the event says {kind}.", field="type")
    return kind
