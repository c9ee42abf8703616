"""What people read about Braze."""

from datafly.spec.integration import Remark, SeeAlso, Step
from datafly.spec.words import Hint

SUMMARY = (
    "Braze is a customer engagement platform: it keeps a profile of each user with her attributes, events and "
    "purchases, and sends e-mail, push, SMS and in-app messages by it."
)
REFERENCE = "Braze documents its REST API at https://www.braze.com/docs/api/home."
CONSENT = (
    "Braze events should be sent under the marketing consent category. Braze has no field for consent with an event: "
    "what is not granted is not sent. What somebody opted in to is an attribute of her profile."
)
IDENTITY = (
    "Braze knows a user by your own id, the external_id. A visitor is an alias until she becomes known, and then the "
    "alias is given to the user."
)

PREREQUISITES = (
    Step(
        "Create a REST API key",
        "In Braze, open Settings > APIs and Identifiers and create a key with these permissions:",
        choices=(
            "users.track.",
            "users.identify, so that visitors become users.",
            "users.export.ids, by which Signal tests the key without writing.",
            "users.merge, if alias calls are sent.",
            "users.delete, if users are to be erased.",
        ),
    ),
    Step(
        "Note the REST endpoint",
        "It stands on the same page, and hangs on the instance of your account. A key counts on its own endpoint only, "
        "so it is a setting and is derived from nothing. Endpoints are:",
        choices=(
            "US-01 to US-08: https://rest.iad-01.braze.com to https://rest.iad-08.braze.com.",
            "US-09 and US-10: https://rest.us-09.braze.com and https://rest.us-10.braze.com.",
            "EU-01 and EU-02: https://rest.fra-01.braze.eu and https://rest.fra-02.braze.eu.",
            (
                "AU-01, ID-01, JP-01 and KR-01: https://rest.au-01.braze.com, https://rest.id-01.braze.com, "
                "https://rest.jp-01.braze.com and https://rest.kr-01.braze.com."
            ),
        ),
    ),
    Step(
        "Decide between recommended events and purchases",
        "Order Completed becomes the recommended event ecommerce.order_placed. If your campaigns read purchases, take "
        "the variant Purchases.",
    ),
)
VERIFY = (
    "Trigger a test event from your website.",
    "In Signal, check Live Events to confirm delivery with a 201 response status.",
    (
        "In Braze, search for the user by external_id under Audience > Search Users; custom events, purchases and "
        "attributes are on her profile within moments."
    ),
)
HINTS = (
    Hint(
        "A visitor’s events are not on the user’s profile",
        "The user has another alias of the same label already, so Braze merges nothing; or the alias was asked for "
        "before Braze had worked on the visitor’s events",
        "Look at the event of the login in Live Events. Braze may take up to five minutes between calls that build on "
        "each other.",
    ),
    Hint(
        "An event is there twice",
        "The answer to a request was lost after sending, and Braze does not recognise what comes again; the event says "
        "possibly_doubled in Live Events",
        "Look there whether it is doubled, if it matters.",
    ),
    Hint(
        "A cart update does not count",
        "Braze ignores one that is not newer than the cart’s last, or that comes after the checkout of that cart",
        "Give each cart its own cart_id.",
    ),
    Hint(
        "Nobody is subscribed",
        "The opt-in was known before, or it belongs to a subscription group whose id is not set",
        "Set email_group_id, sms_group_id or whatsapp_group_id; send opt-ins when somebody chooses.",
    ),
)
SEE_ALSO = (
    SeeAlso("insider", "Insider", "AI-driven cross-channel personalisation"),
    SeeAlso("klaviyo", "Klaviyo", "ecommerce marketing"),
    SeeAlso("movable_ink", "Movable Ink", "content personalisation"),
)
REMARKS = (
    Remark(
        "mapping",
        "Attributes, events and purchases of many users share a request to /users/track. Braze takes the good ones and "
        "names the bad ones by list and place; just those events are rejected.",
    ),
    Remark(
        "mapping",
        "Braze does not recognise an event that comes again. After an answer that was lost the request is sent again, "
        "and its events are delivered with the reason possibly_doubled.",
    ),
    Remark(
        "mapping",
        "Recommended events have a schema. Signal checks what it needs before it sends, and says which property is "
        "missing; every property that the schema has no place for becomes metadata, in snake_case. The price, the "
        "currency and the total are never guessed. Events that come under Braze's own names, ecommerce.…, are checked "
        "against the same schemas and go as they are.",
    ),
    Remark(
        "mapping",
        "variant_id is variant, else sku, else product_id; total_value is total, else revenue or value. Discounts are "
        "told by code where both coupon and discount are there. An order that is cancelled without a reason has the "
        "cancel_reason “not given”.",
    ),
    Remark(
        "mapping",
        "Other events, page views and events under Braze's own names go with their properties as they were sent. Left "
        "out, with a warning, are names that Braze does not take (time, event_name, those that begin with $ or are "
        "longer than 255 characters) and texts of more than 255 characters. An event is at most 100 KB.",
    ),
    Remark(
        "mapping",
        "What a track event tells of the user, as server libraries do in context.traits, becomes attributes beside it, "
        "but subscribes nobody; switch traits_of_events off to leave it. What did not change costs nothing.",
    ),
    Remark(
        "mapping",
        "History is sent as everything else: Braze has no mark for it, so a campaign that an event triggers is "
        "triggered. Pause those first.",
    ),
    Remark(
        "identity",
        "first_name (else name), last_name, email, phone, birthday, gender, country, language, city, timezone and "
        "avatar are Braze's own attributes; all other traits are custom attributes. Nothing is cleared: what a user "
        "has no longer is not sent as null.",
    ),
    Remark(
        "identity",
        "A login that makes a visitor known calls /users/identify first, and what the user does is sent behind it. An "
        "alias call of two users calls /users/merge, in whose requests Braze keeps no order: one request holds a user "
        "once.",
    ),
    Remark(
        "consent",
        "An identify whose email_optin became true makes email_subscribe opted_in, one whose became false makes it "
        "unsubscribed; so push_optin and push_subscribe. email_subscribe and push_subscribe are also taken in Braze's "
        "own words, and so is subscription_groups, a list of objects of subscription_group_id and subscription_state, "
        "which then counts instead of the groups that are set. sms_optin, whatsapp_optin and email_optin join and "
        "leave the subscription groups that are set. Nothing else subscribes anybody; history changes no "
        "subscription.",
    ),
)
