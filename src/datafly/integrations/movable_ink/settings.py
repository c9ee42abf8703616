"""What is configured of Movable Ink (contracts/klaviyo-braze-movable-ink-webhook.md §3.1–3.3)."""

from datafly.spec.integration import Variant
from datafly.spec.setting import Choice, Number, Option, Secret, SecretAddress

SETTINGS = (
    SecretAddress(
        "endpoint_url",
        "The address that Movable Ink gave your account, whole.",
        label="Endpoint URL",
        example="https://collector.movableink-dmz.com/behavioral/xxxxxxxx",
    ),
    Secret("access_key", "Access key id that came with the endpoint.", label="Access key", example="xxxxxxxxxxxx"),
    Secret("access_secret", "Access secret that came with it.", label="Access secret", example="yyyyyyyyyyyy"),
    Choice(
        "payload",
        "How an event is written; what you set up at Movable Ink reads it by these names.",
        label="Payload",
        default="native",
        options=(
            Option("native", "Movable Ink's own example: user_id, event: product_viewed, properties.id."),
            Option("segment", "as Segment sends it: userId, event: Product Viewed, properties as they are."),
        ),
    ),
    Choice(
        "mi_u",
        "What identifies a user; it must be what mi_u holds in the links of your images.",
        label="User identifier (mi_u)",
        default="user_id",
        options=(
            Option("user_id", "the user id."),
            Option("email_sha256", "SHA-256 of the e-mail address in lower case, hexadecimal."),
        ),
    ),
    Choice(
        "anonymous_events",
        "What becomes of events of visitors who have not logged in.",
        label="Anonymous events",
        default="send",
        advanced=True,
        options=(
            Option("send", "they are sent with the anonymous id."),
            Option("skip", "they are not sent, for the reason missing_user."),
        ),
    ),
    Choice(
        "pages",
        "What becomes of page views.",
        label="Page views",
        default="skip",
        advanced=True,
        options=(
            Option("skip", "they are not sent: an event that nothing is set up for is an error at Movable Ink."),
            Option("send", "they are sent with type: page."),
        ),
    ),
    Choice(
        "own_events",
        "What becomes of events that Movable Ink documents no name for, such as Cart Viewed and your own.",
        label="Own events",
        default="skip",
        advanced=True,
        options=(
            Option("skip", "they are not sent: one that nothing is set up for makes Movable Ink refuse its request."),
            Option("send", "they are sent under their names; set up a mapping for each at Movable Ink first."),
        ),
    ),
    Number(
        "events_per_request",
        "Events in one request at most; with 1 each goes alone, as most partners send them.",
        label="Events per request",
        default=1_000,
        minimum=1,
        maximum=1_000,
        whole=True,
        advanced=True,
    ),
    Number(
        "requests_per_minute",
        "Requests a minute at most. Movable Ink publishes none.",
        label="Requests per minute",
        default=6_000,
        minimum=1,
        maximum=60_000,
        whole=True,
        advanced=True,
    ),
)

VARIANTS = (
    Variant("default", "Default", "Movable Ink's own names."),
    Variant("segment", "Segment-compatible", "For endpoints that were set up for Segment.", {"payload": "segment"}),
)
