"""What Segment and RudderStack document that they send to Movable Ink (§3.1-3.3)."""

from datafly.spec.words import Peer

_SEGMENT = "segment-docs, Movable Ink (Actions)"
_RUDDER = "rudderstack.com, Movable Ink cloud mode"
_VIEWED = "a product is viewed"
_AS_SEGMENT = "a product is viewed, as Segment sends it"
_NATIVE = "Movable Ink's own example has these names; payload: segment sends the others."

PEERS = (
    Peer(_VIEWED, "Segment, RudderStack", "event", "Product Viewed", _SEGMENT, _NATIVE),
    Peer(_VIEWED, "Segment, RudderStack", "userId", "user-123", _SEGMENT, _NATIVE),
    Peer(_VIEWED, "Segment, RudderStack", "properties.product_id", "SKU-1", _SEGMENT, _NATIVE),
    Peer(_VIEWED, "RudderStack", "timestamp", 1_795_600_000_000, _RUDDER),
    Peer(_AS_SEGMENT, "Segment, RudderStack", "event", "Product Viewed", _SEGMENT),
    Peer(_AS_SEGMENT, "Segment, RudderStack", "userId", "user-123", _SEGMENT),
    Peer(_AS_SEGMENT, "Segment, RudderStack", "properties.product_id", "SKU-1", _SEGMENT),
    Peer(_AS_SEGMENT, "RudderStack", "timestamp", 1_795_600_000_000, _RUDDER),
    Peer(
        _AS_SEGMENT,
        "Segment",
        "timestamp",
        "2026-11-25T09:46:40.000Z",
        _SEGMENT,
        "Movable Ink's own example and RudderStack have milliseconds; one form serves both payloads.",
    ),
    Peer(
        "a login, with mi_u the hash of the e-mail address",
        "RudderStack",
        "user_id",
        "Jane@Example.com",
        _RUDDER,
        "An address stands in no link: mi_u should be nothing personal, so it is the hash, and only where that is set.",
        words="without a user id, the e-mail address itself",
    ),
)
