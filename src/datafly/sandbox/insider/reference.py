"""Insider's default attributes, event parameters and events, read from its public documents.

Written from the contract for this sandbox alone: the mapping that sends to Insider shares no line of it, so that
one misreading is not made twice. Names without a published definition are left out.
"""

import msgspec

from datafly.sandbox.insider.kinds import (
    BOOLEAN,
    COUNTRY,
    CURRENCY,
    EMAIL,
    INTEGER,
    NUMBER,
    NUMBERS,
    PHONE,
    TEXT,
    TEXT_OR_NUMBER,
    TEXTS,
    UTC_DATE,
    Kind,
)

ATTRIBUTES: dict[str, Kind] = {
    "email": EMAIL,
    "phone_number": PHONE,
    "uuid": TEXT,
    "email_optin": BOOLEAN,
    "sms_optin": BOOLEAN,
    "whatsapp_optin": BOOLEAN,
    "gdpr_optin": BOOLEAN,
    "name": TEXT,
    "surname": TEXT,
    "birthday": UTC_DATE,
    "gender": TEXT,
    "age": NUMBER,
    "language": TEXT,
    "lo": TEXT,
    "locale": TEXT,
    "country": COUNTRY,
    "city": TEXT,
    "static_segment_id": NUMBERS,
    "list_id": NUMBERS,
    "app_version": TEXT,
    "idfa": TEXT,
    "model": TEXT,
    "last_ip": TEXT,
    "carrier": TEXT,
    "os_version": TEXT,
    "platform": TEXT,
    "timezone": TEXT,
}

PARAMETERS: dict[str, Kind] = {
    "product_id": TEXT,
    "name": TEXT,
    "taxonomy": TEXTS,
    "currency": CURRENCY,
    "unit_price": NUMBER,
    "unit_sale_price": NUMBER,
    "quantity": INTEGER,
    "url": TEXT,
    "product_image_url": TEXT,
    "event_group_id": TEXT,
    "color": TEXT,
    "size": TEXT,
    "stock": NUMBER,
    # Insider's documents disagree: a string in one, a number in two others.
    "shipping_cost": TEXT_OR_NUMBER,
    "promotion_name": TEXT,
    "promotion_discount": NUMBER,
    "voucher_name": TEXT,
    "voucher_discount": NUMBER,
    "locale": TEXT,
    "session_id": TEXT,
    "source": TEXT,
    "referrer": TEXT,
    "device_type": TEXT,
    "user_agent": TEXT,
    "campaign_id": TEXT_OR_NUMBER,
    "campaign_name": TEXT,
    "variant_id": TEXT_OR_NUMBER,
    "category": TEXT,
}

_PAGE = ("session_id", "source", "url", "device_type", "referrer")
_PRODUCT = (
    "product_id",
    "name",
    "taxonomy",
    "currency",
    "unit_price",
    "unit_sale_price",
    "quantity",
    "product_image_url",
    "size",
    *_PAGE,
)
_ORDER = (
    *_PRODUCT,
    "shipping_cost",
    "voucher_name",
    "voucher_discount",
    "promotion_name",
    "promotion_discount",
    "event_group_id",
    "color",
)


class DefaultEvent(msgspec.Struct, frozen=True):
    """An event that Insider knows by itself: what its panel calls it, how long it is kept, what it carries."""

    display_name: str
    days_kept: int
    parameters: tuple[str, ...] = ()


# A profile that is not updated for twelve months is removed.
PROFILE_DAYS_KEPT = 365

# Three months for everything that is no default event.
CUSTOM_EVENT = DefaultEvent("", 90)

EVENTS: dict[str, DefaultEvent] = {
    "homepage_view": DefaultEvent("Homepage View", 90, _PAGE),
    "listing_page_view": DefaultEvent("Listing Page View", 90, (*_PAGE, "taxonomy")),
    "product_detail_page_view": DefaultEvent("Product Detail Page View", 90, _PRODUCT),
    "cart_page_view": DefaultEvent("Cart Page View", 90, (*_PRODUCT, "event_group_id", "category")),
    "confirmation_page_view": DefaultEvent("Purchase (Confirmation Page View)", 730, _ORDER),
    "purchase": DefaultEvent("Purchase (Confirmation Page View)", 730, _ORDER),
    "other_page_view": DefaultEvent("Other Pageview", 90, _PAGE),
    # No retention is listed for this one; it is given that of the other page views.
    "checkout_page_view": DefaultEvent("Checkout Page View", 90, (*_PRODUCT, "event_group_id")),
    "item_added_to_cart": DefaultEvent("Add to Cart", 90, _PRODUCT),
    "item_removed_from_cart": DefaultEvent("Removed from Cart", 90, _PRODUCT),
    "cart_cleared": DefaultEvent("Cart Clearance", 90),
    "sign_up_confirmation": DefaultEvent("Sign-up confirmation", 365),
    "item_added_to_wishlist": DefaultEvent("Added to Wishlist", 90, _PRODUCT),
    "item_removed_from_wishlist": DefaultEvent("Removed from Wishlist", 90, _PRODUCT),
    "wishlist_page_view": DefaultEvent("Wishlist Page View", 90, _PRODUCT),
    "wishlist_cleared": DefaultEvent("Wishlist Clearance", 90),
    "lead_collected": DefaultEvent("Lead Collection Form Submit", 365),
}

# Refused with captured words.
DOCUMENTED_PARAMETERS: dict[str, tuple[str, ...]] = {"purchase": ("event_group_id", "unit_sale_price")}
# Without these the API refuses the user: the two names are of one event.
REQUIRED_PARAMETERS: dict[str, tuple[str, ...]] = {
    "purchase": ("event_group_id", "unit_sale_price"),
    "confirmation_page_view": ("event_group_id", "unit_sale_price"),
}
# Tables call these required too, but no captured answer shows the check: an account may switch it off.
STRICTLY_REQUIRED_PARAMETERS: dict[str, tuple[str, ...]] = {
    "purchase": ("currency",),
    "confirmation_page_view": ("currency",),
    "cart_page_view": ("event_group_id", "currency", "unit_sale_price"),
}
