"""What Segment and RudderStack document that they send to a webhook (§4)."""

from datafly.spec.words import Peer

_SEGMENT = "action-destinations, Webhook"
_RUDDER = "rudderstack.com, Webhook cloud mode"
_ORDER = "an order"
_SHARED = "an order where several events share a request"

PEERS = (
    Peer(_ORDER, "Segment", "type", "track", _SEGMENT),
    Peer(_ORDER, "Segment", "event", "Order Completed", _SEGMENT),
    Peer(_ORDER, "Segment", "userId", "user-123", _SEGMENT),
    Peer(_ORDER, "Segment", "anonymousId", "anon-1", _SEGMENT),
    Peer(_ORDER, "Segment", "properties.order_id", "ORD-9", _SEGMENT),
    Peer(_ORDER, "Segment", "context.page.url", "https://shop.example/done", _SEGMENT),
    Peer(
        _SHARED,
        "Segment",
        "events",
        None,
        _SEGMENT,
        "An object can be told from one event, and may get more fields. Segment signs the first event of a list alone; "
        "here the whole body is signed.",
        words="a list without a name around it",
    ),
    Peer("a login", "RudderStack", "type", "identify", _RUDDER),
    Peer(
        "a login",
        "RudderStack",
        "context.traits.email",
        "jane@example.com",
        _RUDDER,
        "What an identify tells of the user stands under traits, where its senders put it, beside what is known.",
    ),
    Peer(
        "a login",
        "RudderStack",
        "channel",
        "web",
        _RUDDER,
        "That is a word of its own SDKs; here whatever the sender tells of where it runs stands in context.",
    ),
)
