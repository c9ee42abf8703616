"""What is configured of Insider, and the defaults that kinds of businesses start from."""

from datafly.spec.contact import PHONE_COUNTRIES
from datafly.spec.integration import Variant
from datafly.spec.setting import Address, Choice, Flag, Names, Number, Option, Secret, Text

_ACCOUNT = (
    Secret("api_key", "Insider Unification API key.", label="API key", example="xxxxxxxxxxxxxxxxxxxx"),
    Text(
        "partner_name",
        "Your Insider partner slug (e.g. myco).",
        label="Partner name",
        example="myco",
        pattern=r"[a-z0-9][a-z0-9._-]*",
        pattern_says="must be the slug of your account in lower case: letters a-z, digits, “-”, “_” and “.”, "
        "without spaces (Insider refuses upper case)",
    ),
    Address(
        "base_url",
        "Where the Unification API is: scheme://host[/prefix]; /api/user/v1/upsert is put after it.",
        label="Base URL",
        default="https://unification.useinsider.com",
        advanced=True,
    ),
)
_USERS = (
    Choice(
        "anonymous_events",
        "What becomes of events of visitors who have not logged in.",
        label="Anonymous events",
        default="skip",
        advanced=True,
        options=(
            Option("skip", "they are not sent, for the reason missing_uuid."),
            Option(
                "as_uuid",
                "the anonymous id is the uuid; at the first login it becomes the user's, if Insider has no profile of "
                "that user yet.",
            ),
            Option(
                "custom_identifier",
                "the anonymous id is a custom identifier beside uuid, e-mail and phone, of which any one is enough; "
                "enable it at Insider under Components > Identity Resolution.",
            ),
        ),
    ),
    Text(
        "anonymous_identifier_name",
        "How the custom identifier for anonymous ids is called at Insider; with anonymous_events: custom_identifier.",
        label="Name of the anonymous identifier",
        default="anonymous_id",
        pattern=r"[a-z][a-z0-9_]*",
        pattern_says="must be a system name: a letter, then a-z, 0-9 and “_”",
        advanced=True,
    ),
    Flag(
        "email_as_identifier",
        "Whether the e-mail address identifies; without it is an attribute only.",
        label="E-mail identifies",
        default=True,
        advanced=True,
    ),
    Flag(
        "phone_as_identifier",
        "Whether the phone number identifies; without it is an attribute only.",
        label="Phone number identifies",
        default=True,
        advanced=True,
    ),
    Text(
        "default_country",
        "Country of phone numbers without a country code, as two capital letters, e.g. GB. Without it they are left "
        "out with a warning.",
        label="Country of phone numbers",
        required=False,
        example="GB",
        pattern=PHONE_COUNTRIES,
        pattern_says="must be a country as two capital letters (ISO 3166-1), e.g. GB for the United Kingdom",
        advanced=True,
    ),
    Flag(
        "append_arrays",
        "Whether the values of a list are added to those that Insider has of it, instead of taking their place.",
        label="Add to lists",
        default=False,
        advanced=True,
    ),
    Choice(
        "group_traits",
        "How the traits of a group call are called as custom attributes of the user.",
        label="Traits of groups",
        default="prefixed",
        advanced=True,
        options=(
            Option("prefixed", "with group_ before them, e.g. group_plan, so that none takes the place of the user's."),
            Option("plain", "as they are, e.g. plan."),
        ),
    ),
    Choice(
        "forward_consent",
        "How Insider is told what a visitor chose in the consent banner.",
        label="Forward consent",
        default="custom_attributes",
        advanced=True,
        options=(
            Option(
                "custom_attributes",
                "a boolean custom attribute per category, e.g. consent_marketing; register them at Insider.",
            ),
            Option(
                "gdpr_optin",
                "consent for marketing as Insider’s gdpr_optin; false stops every message to the user and all "
                "processing.",
            ),
            Option("off", "not at all, and a withdrawal is not told either."),
        ),
    ),
)
_EVENTS = (
    Choice(
        "page_mode",
        "What becomes of page and screen calls.",
        label="Pages",
        default="page_view",
        advanced=True,
        options=(
            Option("page_view", "an event page_view, which must be registered at Insider."),
            Option(
                "auto",
                "Insider's own events by the kind of page: homepage_view, listing_page_view, any other as "
                "other_page_view. Products and carts are told by their track events.",
            ),
            Option("off", "they are not sent, for the reason page_mode_off."),
        ),
    ),
    Choice(
        "purchase_event_name",
        "How Order Completed is called at Insider, whose documents use both names for one event.",
        label="Name of purchases",
        default="confirmation_page_view",
        advanced=True,
        options=(
            Option("confirmation_page_view", "as in the panel and in journeys."),
            Option("purchase", "as in the documents of the API."),
        ),
    ),
    Flag(
        "orders_without_products",
        "Whether an order without products is sent as one line: the order_id as product, revenue or total as price.",
        label="Orders without products",
        default=False,
        advanced=True,
    ),
    Text(
        "default_currency",
        "Currency of prices where neither the line nor the event has one, as three capital letters, e.g. EUR.",
        label="Currency",
        required=False,
        example="EUR",
        pattern=r"[A-Z]{3}",
        pattern_says="must be a currency as three capital letters (ISO 4217), e.g. EUR",
        advanced=True,
    ),
    Choice(
        "wishlist_events",
        "How wishlist events are called at Insider, whose documents give only the names that its panel shows.",
        label="Names of wishlist events",
        default="standard",
        advanced=True,
        options=(
            Option(
                "standard", "item_added_to_wishlist, item_removed_from_wishlist, wishlist_page_view, wishlist_cleared."
            ),
            Option("custom", "product_added_to_wishlist etc., which you register yourself."),
        ),
    ),
    Names(
        "registered_names",
        "System names of the events, parameters and attributes registered at Insider under Attributes and Events, "
        "with or without c_; POST …/pipeline-integrations/{id}/names asks Insider for them. What is sent under another "
        "name is sent with a warning. Empty: not known.",
        label="Registered names",
        required=False,
        advanced=True,
    ),
)
_DELIVERY = (
    Number(
        "flush_interval_ms",
        "How long events wait for others to share a request with, in milliseconds.",
        label="Flush interval",
        default=500,
        minimum=0,
        maximum=60_000,
        whole=True,
        advanced=True,
    ),
    Number(
        "max_users_per_request",
        "How many events, each with its user, share a request at most; Insider takes 1,000.",
        label="Users per request",
        default=1_000,
        minimum=1,
        maximum=1_000,
        whole=True,
        advanced=True,
    ),
)
SETTINGS = (*_ACCOUNT, *_USERS, *_EVENTS, *_DELIVERY)
LIMIT_SETTINGS = {"flush_interval_ms": "flush_interval_ms", "max_items": "max_users_per_request"}

VARIANTS = (
    Variant("default", "Default", "The mapping as documented."),
    Variant(
        "retail",
        "Retail",
        "Shops: page calls become Insider's own page events, which its predictive segments read.",
        {"page_mode": "auto"},
    ),
    Variant(
        "travel",
        "Travel",
        "Bookings: as Retail, and an order without products is one line, since a booking often names none.",
        {"page_mode": "auto", "orders_without_products": True},
    ),
    Variant(
        "media",
        "Media",
        "Publishers: page calls stay events of their own with title and section; interests add up, a subscription "
        "without products is one line, and the many page views are gathered for two seconds.",
        {"append_arrays": True, "orders_without_products": True, "flush_interval_ms": 2_000},
    ),
)
