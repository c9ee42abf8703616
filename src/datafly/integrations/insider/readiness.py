"""Insider's default events and the segments that it makes of them (contracts/insider.md §3.5.3 and §8)."""

from datafly.integrations.insider.words import TAXONOMY
from datafly.spec.readiness import EventsNeed, Observed, Readiness, Segment, StandardEvent

# session_id, source and device_type are documented too; no field of ours is meant by them, and Insider sets the source.
_PAGE = ("url", "referrer")
_PRODUCT = (
    *("product_id", "name", "taxonomy", "currency", "unit_price", "unit_sale_price", "quantity"),
    *("product_image_url", "size", "url", "referrer"),
)
_LINE = tuple(name for name in _PRODUCT if name != "referrer")
_ORDER = ("shipping_cost", "promotion_name", "promotion_discount", "voucher_name", "voucher_discount", "color")

EVENTS = (
    StandardEvent("homepage_view", "Homepage View", "page, where page_mode is auto", _PAGE),
    StandardEvent(
        "listing_page_view", "Listing Page View", "Product List Viewed, Product List Filtered", ("taxonomy", *_PAGE)
    ),
    StandardEvent("product_detail_page_view", "Product Detail Page View", "Product Viewed", _PRODUCT),
    StandardEvent("cart_page_view", "Cart Page View", "Cart Viewed", ("event_group_id", *_LINE)),
    StandardEvent(
        "confirmation_page_view",
        "Purchase (Confirmation Page View)",
        "Order Completed",
        ("event_group_id", *_LINE, *_ORDER),
        also=("purchase",),
    ),
    StandardEvent("other_page_view", "Other Pageview", "page, where page_mode is auto", _PAGE),
    StandardEvent(
        "checkout_page_view", "Checkout Page View", "Checkout Started, Checkout Step Viewed", ("event_group_id", *_LINE)
    ),
    StandardEvent("item_added_to_cart", "Add to Cart", "Product Added", _LINE),
    StandardEvent("item_removed_from_cart", "Removed from Cart", "Product Removed", ("product_id",)),
    StandardEvent("cart_cleared", "Cart Clearance", "Cart Cleared"),
    StandardEvent("sign_up_confirmation", "Sign-Up", "Signed Up"),
    StandardEvent("item_added_to_wishlist", "Add to Wishlist", "Product Added to Wishlist", _LINE),
    StandardEvent("item_removed_from_wishlist", "Removed from Wishlist", "Product Removed from Wishlist", _LINE),
    StandardEvent("wishlist_page_view", "Wishlist Page View", "Wishlist Viewed"),
    StandardEvent("wishlist_cleared", "Wishlist Clearance", "Wishlist Cleared"),
    StandardEvent("lead_collected", "Lead Collection Form Submit", "an event of that name"),
)

_VIEWED, _BOUGHT = "product_detail_page_view", "confirmation_page_view"
_NEEDED = ("product_id", "unit_price", "unit_sale_price", "currency")

SEGMENTS = (
    Segment(
        "Likelihood to Purchase",
        "More than 1,000 product page views and at least 100 purchases in 7 days, for at least 14 days.",
        (EventsNeed(_VIEWED, 1_001, 7), EventsNeed(_BOUGHT, 100, 7)),
        _NEEDED,
        running_days=14,
    ),
    Segment(
        "Discount Affinity",
        "At least a month of product page views and purchases. Insider names no numbers.",
        (EventsNeed(_VIEWED, 1, 30), EventsNeed(_BOUGHT, 1, 30)),
        _NEEDED,
        running_days=30,
    ),
    Segment(
        "Channel engagement",
        "The likelihood to engage by e-mail, push, SMS or WhatsApp.",
        vendor_only="It is made of events of the channels, e.g. email_open, which Insider alone produces.",
    ),
)

READINESS = Readiness(
    observed=Observed("events", "event_name", "event_params"),
    events=EVENTS,
    segments=SEGMENTS,
    hint=TAXONOMY.symptom,
    source="Insider Academy: default events, FAQ about predictive segments, machine-learning supported predictive "
    "segments. That prices and currency must come with both events is said there without a number.",
)
