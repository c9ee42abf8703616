"""What people read about Movable Ink."""

from datafly.spec.integration import Remark, SeeAlso, Step
from datafly.spec.words import Hint

SUMMARY = (
    "Movable Ink makes the content of e-mails and mobile messages when they are opened; what a customer viewed, put in "
    "the cart and bought decides what she sees."
)
REFERENCE = "Your Movable Ink client experience team has the full reference: it is not public."
CONSENT = (
    "Movable Ink events should be sent under the marketing consent category. Its API has no field for consent: what is "
    "not granted is not sent."
)
IDENTITY = "Movable Ink keys customers on what mi_u holds in the links of your images, which user_id must equal."

PREREQUISITES = (
    Step(
        "Ask for an endpoint",
        "Ask your Movable Ink client experience manager for a Customer Data API endpoint. You get a URL, an access key "
        "and an access secret.",
    ),
    Step(
        "Set up the events",
        "In Movable Ink, each event needs a mapping: a condition and, for each field, the path to it.",
        choices=(
            "Payload native: .event == “product_viewed”, the id at .properties.id.",
            "Payload segment: .event == “Product Viewed”, the id at .properties.product_id.",
        ),
    ),
    Step(
        "Decide on mi_u",
        "The links of your images name a customer by mi_u. It must be what Signal sends as user_id, for every event of "
        "a customer once it was sent.",
        choices=("Your user id.", "SHA-256 of the e-mail address, so that nothing personal is in a link."),
    ),
)
VERIFY = (
    "Trigger a test event from your website.",
    "In Signal, check Live Events to confirm delivery with a 200 response status.",
    "In Movable Ink, ask for the recent events of the endpoint, and open a test message with the same mi_u.",
)
HINTS = (
    Hint(
        "Images show the default content",
        "mi_u in the links is not the user_id that Signal sends",
        "Compare mi_u of a link with user_id in Live Events; choose the same under User identifier (mi_u).",
    ),
    Hint(
        "An event is rejected with 400",
        "No mapping matches it",
        "Set one up in Movable Ink for the event's name as Signal sends it, or set own_events to skip.",
    ),
)
SEE_ALSO = (SeeAlso("insider", "Insider", "AI-driven cross-channel personalisation"),)
REMARKS = (
    Remark(
        "mapping",
        "With payload: native, names are those of Movable Ink's own example and SDK, other properties stand in meta: "
        "texts, numbers and booleans. With payload: segment, an event is as Segment sends it, under canonical names; "
        "timestamp is in milliseconds in both.",
    ),
    Remark("mapping", "Events older than 30 days are skipped: older_than_retention."),
    Remark(
        "mapping",
        "Movable Ink documents nothing by which it tells an event that comes again. One that was sent again after a "
        "lost answer is told as possibly doubled; message_id is in every payload.",
    ),
    Remark(
        "identity",
        "anonymous_id goes beside user_id, so that Movable Ink can join what was done before the login. Group and "
        "alias events are not sent.",
    ),
)
