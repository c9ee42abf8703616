"""The two shapes of an event: Movable Ink's own example, and Segment's (§3.2)."""

from datafly.integrations.movable_ink.refusals import NO_NAME, NO_USER
from datafly.spec.choices import given
from datafly.spec.convert import text
from datafly.spec.nodes import Node, const, first, obj, path, required
from datafly.spec.parts import by_setting, identified, params, rule_event_name
from datafly.spec.rest import rest
from datafly.spec.whole import whole

# Refuses where neither is there; what is sent are the two fields below.
_SOMEBODY = required(first(identified("user_id"), identified("anonymous_id")), NO_USER)
_MOMENT = path("timestamp_ms")
_ZONE = text(path("context.timezone"))


def _native(kind: str, **fields: Node) -> Node:
    return obj(
        {
            "type": const(kind),
            "user_id": identified("user_id"),
            "anonymous_id": identified("anonymous_id"),
            "timestamp": _MOMENT,
            "timezone": _ZONE,
            # No document tells how what comes again is recognised: whoever maps it there has something to go by.
            "message_id": path("message_id"),
            **fields,
        }
    )


def _segment(kind: str, **fields: Node) -> Node:
    return obj(
        {
            "type": const(kind),
            **fields,
            "userId": identified("user_id"),
            "anonymousId": identified("anonymous_id"),
            "messageId": path("message_id"),
            "timestamp": _MOMENT,
            "context": whole("context"),
        }
    )


def _somebodys(native: Node, segment: Node) -> Node:
    return given(_SOMEBODY, by_setting("payload", native=native, segment=segment))


def tracked(needed: Node | None = None) -> Node:
    """`needed`: without which the event is refused also where its properties go as they are.

    One that lacks it makes Movable Ink refuse the whole request.
    """
    properties: Node = whole("properties")
    return _somebodys(
        _native("track", event=required(rule_event_name(), NO_NAME), properties=params()),
        _segment(
            "track",
            event=required(rule_event_name(), NO_NAME),
            properties=given(needed, properties) if needed else properties,
        ),
    )


EVENT = tracked()
PAGE = _somebodys(
    _native("page", name=text(path("name")), properties=rest("properties", lists=False)),
    _segment("page", name=path("name"), properties=whole("properties")),
)
IDENTIFY = _somebodys(
    _native("identify", traits=rest("traits", lists=False)),
    _segment("identify", traits=whole("traits")),
)
