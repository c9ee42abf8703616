"""What people read about Klaviyo."""

from datafly.integrations.klaviyo import routes
from datafly.spec.integration import Remark, SeeAlso, Step
from datafly.spec.words import Hint

SUMMARY = (
    "Klaviyo is a marketing platform for shops: it keeps a profile of each customer with what she viewed, put in the "
    "cart and ordered, and sends e-mail, SMS, WhatsApp and push messages by it."
)
REFERENCE = (
    "Klaviyo publishes its API at https://developers.klaviyo.com, and as OpenAPI in the repository klaviyo/openapi."
)
CONSENT = (
    "Klaviyo events should be sent under the marketing consent category. Its API has no field for consent with an "
    "event: what is not granted is not sent. Opt-ins of the channels are subscriptions of their own."
)
IDENTITY = (
    "Klaviyo joins what it is sent by e-mail address, phone number, external_id and anonymous_id; it recommends the "
    "e-mail address."
)

PREREQUISITES = (
    Step(
        "Create a private API key",
        "In Klaviyo, open Settings > API keys and create a private key with these scopes:",
        choices=(
            "Events: write.",
            "Profiles: read and write.",
            "Lists: read and write.",
            "Subscriptions: write, if opt-ins are to subscribe.",
            "Data Privacy: write, if users are to be erased.",
            "The public key of six characters is not needed: it is for calls from browsers.",
        ),
    ),
    Step(
        "Choose a list",
        "Opt-ins subscribe to one list, whose id stands in the address of its page. If the list asks for double "
        "opt-in, Klaviyo sends a confirmation first. Without a list nobody is subscribed.",
    ),
    Step(
        "Decide what identifies",
        "If your profiles came by e-mail address, from a newsletter for example, take the variant E-mail first. Else "
        "the user id is the external_id.",
    ),
)
VERIFY = (
    "Trigger a test event from your website.",
    "In Signal, check Live Events to confirm delivery with a 202 response status.",
    "In Klaviyo, search for the profile by e-mail address and open its activity; events appear there within moments.",
    "Under Analytics > Metrics the names of your events appear.",
)
HINTS = (
    Hint(
        "Two profiles of one person",
        "One was made by e-mail address and one by user id or phone number, before both were sent together",
        "Merge them in Klaviyo, and use the variant E-mail first.",
    ),
    Hint(
        "An event is delivered and not in Klaviyo",
        "A 202 says that it is queued. Of the same profile, metric and unique_id Klaviyo keeps the first",
        "Look whether the order was sent before. Else wait: Klaviyo works on what it took.",
    ),
    Hint(
        "Nobody is subscribed",
        "There is no list_id, the opt-in was known before, or the channel has no address or number",
        "Set list_id; send email_optin with traits.email, sms_optin with traits.phone.",
    ),
)
SEE_ALSO = (
    SeeAlso("insider", "Insider", "AI-driven cross-channel personalisation"),
    SeeAlso("movable_ink", "Movable Ink", "content personalisation"),
)
REMARKS = (
    Remark(
        "mapping",
        f"Up to {routes.FEW_EVENTS} events that wait go to /api/events one by one, more together as a job to "
        "/api/event-bulk-create-jobs, under the profile that they have in common: a minute allows fewer of those. "
        "After an answer that was lost they go one by one: Klaviyo refuses a job in which something comes again, and "
        "ignores a single event that does.",
    ),
    Remark(
        "mapping",
        "unique_id is the order id for Placed Order, order id:product id:number of the line for Ordered Product, else "
        "the message id. History is sent with backfill, so that it starts no flow.",
    ),
    Remark(
        "mapping",
        "Other events keep their names and properties as they were sent, ten levels deep. Standard events that "
        "Klaviyo has no name for, such as Products Searched, go under their canonical name. What the e-commerce "
        "events have beside the properties above is sent under its name in snake_case.",
    ),
    Remark(
        "mapping",
        "Before it sends, Signal keeps to Klaviyo's limits: 400 properties, texts of 100 KB, lists of 4,000 entries, "
        "metric names of less than 128 characters, times after 1990 and at most a year ahead, profiles of 100 KB. "
        "What is beyond is left out with a warning, or the event is rejected.",
    ),
    Remark(
        "identity",
        "first_name (else name), last_name, organization, locale, title, avatar and the parts of an address are "
        "Klaviyo's own fields; all other traits are custom properties under their name in snake_case. Nothing is "
        "cleared: what a user has no longer is not sent as null.",
    ),
    Remark(
        "identity",
        "A profile is written without an anonymous id, so a visitor is joined to the user by her next event, which "
        "has both.",
    ),
    Remark(
        "identity",
        "A profile whose identifiers belong to different profiles at Klaviyo (409) is written to the one that the "
        "answer names, without identifiers, so that each profile keeps its own; where the answer names none, without "
        "the phone number, which becomes a property. The event says so. A bulk import does not name one: there it is "
        "rejected, as it is where on_conflict is reject.",
    ),
    Remark(
        "identity",
        "Klaviyo takes 750 profiles a minute one by one. Where more identify calls come than that, raise "
        "profiles_per_request: those that wait then share a bulk import.",
    ),
    Remark(
        "identity",
        "A bulk import, also of history, is taken as a job: its profiles are DELIVERED at first, as taken_as_job. "
        "Signal asks for the job until it is complete, then for its import-errors; a profile that Klaviyo refused is "
        "then REJECTED, with Klaviyo's words, and a dead letter like any other. After a day without a result Signal "
        "asks no more, and says so under Warnings. What becomes of jobs of events and subscriptions, nobody is told.",
    ),
    Remark("identity", "alias events are not sent: Klaviyo merges profiles by ids that only it knows."),
    Remark(
        "consent",
        "An identify whose email_optin, sms_optin or whatsapp_optin became true subscribes to list_id, one whose "
        "became false unsubscribes from that channel altogether; each only with an e-mail address or a phone number. "
        "push_optin does so with the push token of the device, context.device.token and context.device.type (ios, "
        "whose tokens are APNs', or android, whose are FCM's); without a token it says nothing. "
        "Nothing else subscribes anybody. History changes no subscription.",
    ),
    Remark(
        "consent",
        "The first time that Signal hears of an opt-in it is new, and to subscribe lifts that somebody unsubscribed "
        "at Klaviyo. Send opt-ins when somebody chooses, not with every identify from a database, or set list_id only "
        "then.",
    ),
)
