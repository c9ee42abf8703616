"""What Segment and RudderStack document that they send to Braze (§2.2-2.7; users-ask E.29)."""

from datafly.spec.words import Peer

_RUDDER = "rudder-transformer, Braze destination"
_SEGMENT = "action-destinations, Braze"
_CART = "a visitor puts a product in the cart"
_ORDER = "an order of two products"

PEERS = (
    Peer("a product is viewed", "RudderStack, Segment", "events[0].name", "ecommerce.product_viewed", _RUDDER),
    Peer("a product is viewed", "RudderStack", "events[0].properties.product_id", "SKU-1", _RUDDER),
    Peer("a product is viewed", "RudderStack", "events[0].properties.variant_id", "M-1", _RUDDER),
    Peer("a product is viewed", "RudderStack", "events[0].properties.product_name", "Mug", _RUDDER),
    Peer(_CART, "RudderStack, Segment", "events[0].name", "ecommerce.cart_updated", _RUDDER),
    Peer(_CART, "RudderStack, Segment", "events[0].properties.action", "add", _RUDDER),
    Peer(_CART, "RudderStack", "events[0].user_alias.alias_name", "anon-1", _RUDDER),
    Peer(
        _CART,
        "RudderStack",
        "events[0].user_alias.alias_label",
        "rudder_id",
        _RUDDER,
        "The label is a setting; by default it is called as everything here calls the id.",
    ),
    Peer(_CART, "RudderStack", "events[0]._update_existing_only", sends=False, source=_RUDDER),
    Peer(
        _CART,
        "Segment",
        "events[0]._update_existing_only",
        sends=True,
        source=_SEGMENT,
        why="With it Braze drops what a visitor did whom it does not know yet; false makes her profile.",
    ),
    Peer(_ORDER, "RudderStack, Segment", "events[0].name", "ecommerce.order_placed", _RUDDER),
    Peer(_ORDER, "RudderStack", "events[0].properties.total_value", 30.5, _RUDDER),
    Peer(_ORDER, "RudderStack", "events[0].properties.total_discounts", 2, _RUDDER),
    Peer("an order as purchases", "RudderStack", "[0].purchases[0].product_id", "SKU-1", _RUDDER),
    Peer("an order as purchases", "RudderStack", "[0].purchases[0].price", 10.25, _RUDDER),
    Peer("an order as purchases", "RudderStack", "[0].purchases[0].quantity", 2, _RUDDER),
    Peer(
        "an event that tells of the user, too",
        "RudderStack",
        "[1].attributes[0].plan",
        "silver",
        _RUDDER,
    ),
    Peer("a login", "RudderStack", "attributes[0].email", "jane@example.com", _RUDDER),
    Peer("a login", "RudderStack", "attributes[0].gender", "F", _RUDDER),
)
