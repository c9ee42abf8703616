"""What is configured of Klaviyo."""

from datafly.spec.contact import PHONE_COUNTRIES
from datafly.spec.integration import Variant
from datafly.spec.setting import Address, Choice, Flag, Number, Option, Secret, Text

_ACCOUNT = (
    Secret(
        "private_api_key",
        "Klaviyo private API key; it begins with pk_.",
        label="Private API key",
        example="pk_xxxxxxxxxxxxxxxxxxxx",
    ),
    Text(
        "list_id",
        "The list to which whoever opts in is subscribed. Without it nobody is subscribed.",
        label="List",
        required=False,
        example="Y6nRLr",
        pattern=r"[A-Za-z0-9]{1,32}",
        pattern_says="must be the id of a list: letters and digits, as in the address of its page at Klaviyo",
    ),
    Address(
        "base_url",
        "Where the API is: scheme://host[/prefix]; /api/events is put after it.",
        label="Base URL",
        default="https://a.klaviyo.com",
        advanced=True,
    ),
)
_USERS = (
    Choice(
        "user_id_as",
        "What becomes of the user id.",
        label="User id",
        default="external_id",
        advanced=True,
        options=(
            Option("external_id", "it is the external_id, which identifies."),
            Option(
                "property",
                "it is a custom property of the profile; then only e-mail address and phone number identify, as "
                "Klaviyo recommends where one person would get two profiles.",
            ),
        ),
    ),
    Flag(
        "phone_identifies",
        "Whether the phone number identifies; without it is a custom property of the profile. Subscriptions to SMS and "
        "WhatsApp are by the number all the same.",
        label="Phone number identifies",
        default=True,
        advanced=True,
    ),
    Choice(
        "on_conflict",
        "What becomes of a profile whose e-mail address, phone number and user id belong to different profiles at "
        "Klaviyo (409).",
        label="Conflicting identifiers",
        default="write",
        advanced=True,
        options=(
            Option(
                "write",
                "it is written to the profile that Klaviyo names, which keeps its own identifiers; where none is "
                "named, without the phone number. The event tells it.",
            ),
            Option("reject", "it is rejected, and a dead letter."),
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
    Choice(
        "anonymous_events",
        "What becomes of events of visitors who have not logged in.",
        label="Anonymous events",
        default="send",
        advanced=True,
        options=(
            Option("send", "they are sent with the anonymous id."),
            Option("skip", "they are not sent, for the reason no_identifier."),
        ),
    ),
    Choice(
        "subscribe_when",
        "When the traits email_optin, sms_optin, whatsapp_optin and push_optin of an identify subscribe or "
        "unsubscribe. To subscribe takes away that somebody unsubscribed at Klaviyo.",
        label="When opt-ins count",
        default="changed",
        advanced=True,
        options=(
            Option("changed", "when one is told that was not known of the user before."),
            Option("told", "whenever one is told."),
        ),
    ),
    Choice(
        "on_withdrawal",
        "What happens when somebody withdraws consent for marketing in the consent banner.",
        label="Withdrawn consent",
        default="nothing",
        advanced=True,
        options=(
            Option("nothing", "nothing more is sent of her; what she is subscribed to stays."),
            Option("unsubscribe", "she is unsubscribed from e-mail and SMS, as far as they are known."),
        ),
    ),
)
_EVENTS = (
    Choice(
        "pages",
        "What page and screen calls become.",
        label="Page views",
        default="viewed_page",
        advanced=True,
        options=(
            Option("viewed_page", "the metrics Viewed Page and Viewed Screen; the names are ours."),
            Option("active_on_site", "the metric Active on Site, which Klaviyo's own script sends as well."),
            Option("skip", "they are not sent."),
        ),
    ),
    Flag(
        "ordered_products",
        "Whether each line of an order is also sent as Ordered Product.",
        label="Ordered Product",
        default=True,
        advanced=True,
    ),
    Text(
        "default_currency",
        "Currency of values where neither the line nor the event has one, as three capital letters, e.g. EUR.",
        label="Currency",
        required=False,
        example="EUR",
        pattern=r"[A-Z]{3}",
        pattern_says="must be a currency as three capital letters (ISO 4217), e.g. EUR",
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
        "events_per_request",
        "How many events share a request at most; Klaviyo takes 1,000. With 1 each goes alone.",
        label="Events per request",
        default=1_000,
        minimum=1,
        maximum=1_000,
        whole=True,
        advanced=True,
    ),
    Number(
        "profiles_per_request",
        "How many profiles of identify and group calls share a bulk import at most. With 1 each goes by itself, and "
        "its answer says what is wrong with it.",
        label="Profiles per request",
        default=1,
        minimum=1,
        maximum=1_000,
        whole=True,
        advanced=True,
    ),
)
_RESULTS = (
    Flag(
        "import_results",
        "Whether Klaviyo is asked what became of a bulk import, so that a profile that it refused is told as rejected.",
        label="Ask for the results of imports",
        default=True,
        advanced=True,
    ),
)
SETTINGS = (*_ACCOUNT, *_USERS, *_EVENTS, *_DELIVERY, *_RESULTS)
LIMIT_SETTINGS = {"flush_interval_ms": "flush_interval_ms", "max_items": "events_per_request"}

VARIANTS = (
    Variant("default", "Default", "The mapping as documented."),
    Variant(
        "email_first",
        "E-mail first",
        "For accounts whose profiles came by e-mail address: the user id is a property and the phone number identifies "
        "nobody, so no second profile is made.",
        {"user_id_as": "property", "phone_identifies": False},
    ),
)
