"""What Insider knows by itself, and warnings for what it would ignore without a word (contracts/insider.md §3, §9)."""

from datafly.integrations.insider.words import TAXONOMY
from datafly.spec.choices import capped, registered
from datafly.spec.nodes import Node, const

# System names of contracts/insider.md §3.5.3; `purchase` is taken for confirmation_page_view.
STANDARD_EVENTS = (
    *("homepage_view", "listing_page_view", "product_detail_page_view", "cart_page_view", "confirmation_page_view"),
    *("purchase", "other_page_view", "checkout_page_view", "item_added_to_cart", "item_removed_from_cart"),
    *("cart_cleared", "sign_up_confirmation", "item_added_to_wishlist", "item_removed_from_wishlist"),
    *("wishlist_page_view", "wishlist_cleared", "lead_collected"),
)

# Made by Insider itself, “never send” (contracts/insider.md §3.5.3).
RESERVED_EVENTS = (
    *("email_delivered", "email_open", "email_click", "email_bounce", "push_delivered", "push_session", "inapp_seen"),
    *("survey_result", "session_start", "session_start_from_push", "journey_entered"),
)

# How long events are kept (contracts/insider.md §7); older ones are “not written”.
PAGE_DAYS = 90
PURCHASE_DAYS = 730
SIGN_UP_DAYS = 365
CUSTOM_DAYS = 90

MOST_CUSTOM = 80
"""Custom attributes of an account, and custom event parameters of it (contracts/insider.md §3.4, §3.5)."""

_NAMES = "registered_names"
_UNREGISTERED = "{name} is not in registered_names: Insider ignores what is not registered under Attributes and Events."
_OUTSIDE = (
    f"{TAXONOMY.symptom}: {TAXONOMY.cause} ({{name}}). {TAXONOMY.cure} An event of your own must be registered at "
    "Insider under Attributes and Events; list it in registered_names, and this is not said again."
)
_TOO_MANY = "{{count}} custom {what}, and Insider keeps 80 in an account: those beyond are ignored."


def own_event(name: Node | str) -> Node:
    """The name of an event that Insider knows only if it is registered."""
    named = const(name) if isinstance(name, str) else name
    return registered(named, _NAMES, _UNREGISTERED, otherwise=_OUTSIDE, standard=STANDARD_EVENTS)


def custom_attributes(of: Node) -> Node:
    known = registered(of, _NAMES, f"attributes.custom.{_UNREGISTERED}", prefix="c_")
    return capped(known, MOST_CUSTOM, _TOO_MANY.format(what="attributes"))


def custom_params(of: Node) -> Node:
    known = registered(of, _NAMES, f"event_params.custom.{_UNREGISTERED}", prefix="c_")
    return capped(known, MOST_CUSTOM, _TOO_MANY.format(what="event parameters"))
