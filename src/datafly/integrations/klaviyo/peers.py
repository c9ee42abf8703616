"""What Segment and RudderStack document that they send to Klaviyo (§1.5, §1.9; users-ask E.27, E.28)."""

from datafly.spec.words import Peer

_CODE = "rudder-transformer, Klaviyo destination (v1; v2 and v3)"
_ACTIONS = "action-destinations, Klaviyo (Actions)"
_CLASSIC = "segment-docs, Klaviyo (Classic)"
_NAME = "data.attributes.metric.data.attributes.name"
_PROPERTIES = "data.attributes.properties"
_FLOWS = "Klaviyo's built-in flows and benchmarks read its own names; under another name they find nothing."
_LINES = "Klaviyo's product flows read Ordered Product, one for each line."
_TOLD_AGAIN = "An order that is told again, or sent again after a lost answer, must be one event at Klaviyo."

PEERS = (
    Peer("a product is viewed", "RudderStack v1", _NAME, "Viewed Product", _CODE),
    Peer("a product is viewed", "RudderStack v2, v3", _NAME, "Product Viewed", _CODE, _FLOWS),
    Peer("a product is viewed", "Segment Actions", _NAME, "Product Viewed", _ACTIONS, _FLOWS),
    Peer("a product is viewed", "RudderStack v1", f"{_PROPERTIES}.ProductName", "Mug", _CODE),
    Peer("a product is viewed", "RudderStack v1", f"{_PROPERTIES}.ProductID", "SKU-1", _CODE),
    Peer("a product is viewed", "RudderStack v1", f"{_PROPERTIES}.Price", 10.25, _CODE),
    Peer(
        "a product is viewed",
        "RudderStack v2, v3",
        f"{_PROPERTIES}.ProductName",
        None,
        _CODE,
        "Properties of e-commerce events are sent by the names that flows and templates of Klaviyo read.",
    ),
    Peer("a product is put in the cart by a visitor", "RudderStack v1", _NAME, "Added to Cart", _CODE),
    Peer(
        "a product is put in the cart by a visitor",
        "RudderStack before its pull request 3440",
        "data.attributes.profile.data.attributes.external_id",
        "anon-1",
        "rudder-transformer, pull request 3440",
        "An anonymous id as external_id becomes a second profile of the same person at login.",
    ),
    Peer("an order of two products", "Segment Classic", f"[0].{_NAME}", "Placed Order", _CLASSIC),
    Peer("an order of two products", "Segment Actions", f"[0].{_NAME}", "Order Completed", _ACTIONS, _FLOWS),
    Peer("an order of two products", "RudderStack v2, v3", f"[0].{_NAME}", "Order Completed", _CODE, _FLOWS),
    Peer("an order of two products", "RudderStack v2, v3", "[0].data.attributes.value", 30.5, _CODE),
    Peer("an order of two products", "Segment Actions", f"[1].{_NAME}", "Ordered Product", _ACTIONS),
    Peer("an order of two products", "Segment Classic", f"[1].{_NAME}", "Ordered Product", _CLASSIC),
    Peer("an order of two products", "RudderStack v2, v3", f"[1].{_NAME}", None, _CODE, _LINES),
    Peer(
        "an order of two products",
        "Segment Actions",
        "[1].data.attributes.unique_id",
        "a new UUID",
        _ACTIONS,
        _TOLD_AGAIN,
        words="a new UUID each time",
    ),
    Peer(
        "an order of two products",
        "Segment Classic",
        "[1].data.attributes.unique_id",
        "ORD-9SKU-1",
        _CLASSIC,
        "Two lines of one product are two; so the number of the line is part of it.",
        words="as `$event_id`: order id and product id",
    ),
    Peer("a login", "RudderStack v2, v3", "data.attributes.external_id", "user-123", _CODE),
    Peer(
        "a login",
        "RudderStack v3",
        "data.attributes.anonymous_id",
        "anon-1",
        _CODE,
        "Klaviyo dropped the anonymous id of profiles with revision 2025-10-15.",
    ),
    Peer(
        "a login, where the e-mail address comes first",
        "RudderStack, enforceEmailAsPrimary",
        "data.attributes.properties.user_id",
        None,
        _CODE,
        "The same setting; the property has the name that everything else calls it by.",
        words="the user id as property `_id`",
    ),
)
