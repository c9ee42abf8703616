"""What is configured of Braze (contracts/klaviyo-braze-movable-ink-webhook.md §2)."""

from datafly.spec.contact import PHONE_COUNTRIES
from datafly.spec.integration import Variant
from datafly.spec.setting import Address, Choice, Flag, Number, Option, Secret, SettingKind, Text
from datafly.spec.spending import Cost, Spend

_ID = r"[0-9A-Za-z-]{1,64}"
_ID_SAYS = "must be an id as Braze shows it: letters, digits and hyphens"


def _subscription_group(name: str, label: str, trait: str) -> Text:
    return Text(
        name,
        f"Id of the subscription group that the trait {trait} joins and leaves. Without it none is changed.",
        label=label,
        required=False,
        example="bed58f6f-6f65-4a39-8a4e-2d7c5f0a0c01",
        pattern=_ID,
        pattern_says=_ID_SAYS,
        advanced=True,
    )


_ACCOUNT = (
    Secret("rest_api_key", "REST API key with the permissions below.", label="REST API key", example="xxxxxxxx-xxxx"),
    Address(
        "rest_endpoint",
        "REST endpoint of your instance, as Braze shows it; a key counts on its own endpoint only.",
        label="REST endpoint",
        example="https://rest.iad-01.braze.com",
    ),
    Text(
        "app_id",
        "App identifier that events and purchases are attributed to.",
        label="App id",
        required=False,
        example="0f8a6e2c-1111-4222-8333-944445555666",
        pattern=_ID,
        pattern_says=_ID_SAYS,
    ),
)
_USERS = (
    Choice(
        "anonymous_events",
        "What becomes of events of visitors who have not logged in.",
        label="Anonymous events",
        default="send",
        advanced=True,
        options=(
            Option("send", "they are sent with the anonymous id as an alias, which becomes the user's at login."),
            Option("skip", "they are not sent, for the reason no_identifier."),
        ),
    ),
    Text(
        "alias_label",
        "Label of the aliases of visitors. At Braze a user has one alias of a label.",
        label="Label of aliases",
        default="anonymous_id",
        pattern=r"[A-Za-z0-9_-]{1,64}",
        pattern_says="must be 1 to 64 letters, digits, “_” or “-”",
        advanced=True,
    ),
    Choice(
        "merge_behavior",
        "What becomes of what a visitor did when she becomes a user.",
        label="Merge behaviour",
        default="merge",
        advanced=True,
        options=(
            Option("merge", "it is merged into the profile of the user."),
            Option("none", "only the alias is given to the user."),
        ),
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
        "traits_of_events",
        "Whether traits that a track event tells of the user, as server libraries do in context.traits, become "
        "attributes, too.",
        label="Traits of events",
        default=True,
        advanced=True,
    ),
    Choice(
        "subscribe_when",
        "When the traits email_optin, push_optin, sms_optin, whatsapp_optin, email_subscribe and push_subscribe of an "
        "identify change what somebody is subscribed to.",
        label="When opt-ins count",
        default="changed",
        advanced=True,
        options=(
            Option("changed", "when one is told that was not known of the user before."),
            Option("told", "whenever one is told."),
        ),
    ),
    _subscription_group("email_group_id", "Subscription group of e-mail", "email_optin"),
    _subscription_group("sms_group_id", "Subscription group of SMS", "sms_optin"),
    _subscription_group("whatsapp_group_id", "Subscription group of WhatsApp", "whatsapp_optin"),
    Choice(
        "on_withdrawal",
        "What happens when somebody withdraws consent for marketing in the consent banner.",
        label="Withdrawn consent",
        default="nothing",
        advanced=True,
        options=(
            Option("nothing", "nothing more is sent of her; what she is subscribed to stays."),
            Option("unsubscribe", "she is unsubscribed from e-mail and push."),
        ),
    ),
)
_EVENTS = (
    Choice(
        "orders",
        "What Order Completed becomes.",
        label="Orders",
        default="recommended",
        advanced=True,
        options=(
            Option("recommended", "the recommended event ecommerce.order_placed."),
            Option("purchases", "a purchase for each product, as before; Braze maintains them and adds nothing."),
        ),
    ),
    Choice(
        "carts",
        "What Product Added and Product Removed become.",
        label="Carts",
        default="recommended",
        advanced=True,
        options=(
            Option("recommended", "the recommended event ecommerce.cart_updated, which needs a cart_id."),
            Option("custom", "events of their own name."),
        ),
    ),
    Text(
        "source",
        "Where recommended events say that they come from.",
        label="Source",
        default="web",
        pattern=r"\S{1,255}",
        pattern_says="must be 1 to 255 characters without blanks",
        advanced=True,
    ),
    Text(
        "default_currency",
        "Currency of values where neither the product nor the event has one, as three capital letters, e.g. EUR.",
        label="Currency",
        required=False,
        example="EUR",
        pattern=r"[A-Z]{3}",
        pattern_says="must be a currency as three capital letters (ISO 4217), e.g. EUR",
        advanced=True,
    ),
    Choice(
        "pages",
        "What page and screen calls become.",
        label="Page views",
        default="page_viewed",
        advanced=True,
        options=(
            Option("page_viewed", "the custom events Page Viewed and Screen Viewed."),
            Option("own_name", "a custom event of the page's own name, where it has one."),
            Option("skip", "they are not sent."),
        ),
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
        "objects_per_request",
        "How many attributes, events and purchases share a request at most; Braze takes 75.",
        label="Objects per request",
        default=75,
        minimum=1,
        maximum=75,
        whole=True,
        advanced=True,
    ),
    Flag(
        "limit_per_list",
        "Whether that bound counts for each of the three lists by itself, as on accounts that keep the former limits.",
        label="Bound of each list",
        default=False,
        advanced=True,
    ),
    Number(
        "requests_per_minute",
        "Requests to /users/track a minute at most; Braze takes 3,000 in three seconds, less on some plans.",
        label="Requests per minute",
        default=60_000,
        minimum=1,
        maximum=60_000,
        whole=True,
        advanced=True,
    ),
)
_SPEND = (
    Choice(
        "unchanged_attributes",
        "What becomes of attributes that Braze took before with the same value.",
        label="Unchanged attributes",
        default="skip",
        advanced=True,
        options=(
            Option("skip", "they are left out for up to 30 days; an event that says nothing else is not sent."),
            Option("send", "they are sent each time."),
        ),
    ),
    Number(
        "daily_data_points",
        "How many data points may be spent in a day (UTC), as Signal counts them: one for each event, purchase and "
        "attribute. Without it there is no bound.",
        label="Data points per day",
        required=False,
        minimum=1,
        maximum=1_000_000_000,
        whole=True,
        advanced=True,
    ),
    Choice(
        "over_daily_data_points",
        "What becomes of events when the data points of the day are spent.",
        label="Beyond the data points",
        default="hold",
        advanced=True,
        options=(
            Option("hold", "they wait until midnight, UTC; the integration counts as suspended, and alerts say so."),
            Option("skip", "they are not sent, for the reason daily_cap."),
        ),
    ),
)
SPEND = Spend(
    unit="data points",
    note="What Braze bills is said by each contract; these figures are Signal's own count.",
    costs={
        "attributes": Cost(
            per_field=1,
            who=("external_id", "user_alias", "_update_existing_only"),
            only_changed=True,
            # Braze changes these itself, by a link in a message or a user's choice there.
            always=("email_subscribe", "push_subscribe", "subscription_groups"),
        ),
        "events": Cost(each=1),
        "purchases": Cost(each=1),
    },
    cap="daily_data_points",
    holds=("over_daily_data_points", "hold"),
    repeats=("unchanged_attributes", "send"),
)
SETTINGS: tuple[SettingKind, ...] = (*_ACCOUNT, *_USERS, *_EVENTS, *_SPEND, *_DELIVERY)
LIMIT_SETTINGS = {
    "flush_interval_ms": "flush_interval_ms",
    "max_items": "objects_per_request",
    "per_part": "limit_per_list",
    "requests_per_minute": "requests_per_minute",
}

VARIANTS = (
    Variant("default", "Default", "The mapping as documented."),
    Variant(
        "purchases",
        "Purchases",
        "For accounts whose campaigns read purchases and custom events of before, not recommended events.",
        {"orders": "purchases", "carts": "custom"},
    ),
)
