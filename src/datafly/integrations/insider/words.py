"""What people read about Insider: the words of its page, and where Insider's own documentation says otherwise."""

from datafly.spec.integration import Difference, Remark, SeeAlso, Step
from datafly.spec.words import Hint

SUMMARY = (
    "Insider is an AI-driven cross-channel personalisation platform covering web, app, email, SMS, push, WhatsApp, and "
    "on-site experiences powered by predictive segments."
)

PREREQUISITES = (
    Step(
        "Access your Insider panel",
        "Log in to the Insider InOne panel at your account URL (typically https://panel.useinsider.com).",
    ),
    Step(
        "Find your Partner Name",
        "Navigate to Settings > Account. Your Partner Name is the short slug identifying your Insider tenant "
        "(e.g. myco). It appears in the API path: https://unification.useinsider.com/api/user/v1/upsert.",
    ),
    Step(
        "Generate an API key",
        "Go to Integration Hub > Authentication > API Keys and click Generate. Configure:",
        steps=(
            "Name: e.g. “Datafly Signal”.",
            "Scopes: select Unification API (user upsert + event tracking).",
            "Click Generate and copy the API Key immediately.",
        ),
    ),
    Step(
        "Decide on UUID source",
        "Insider users are keyed by a uuid you control. Common choices:",
        choices=(
            "Datafly user_id for authenticated visitors.",
            (
                "Datafly anonymous identifier for pre-login activity (will need to be merged once the visitor "
                "authenticates)."
            ),
        ),
    ),
)

IDENTITY = "Insider keys users on a uuid you control."

CONSENT = (
    "Insider events should be sent under the marketing consent category. Insider has its own opt-in records per "
    "channel (email, SMS, push, WhatsApp) — Signal forwards CMP consent state so server-side workflows can suppress "
    "messaging where appropriate."
)

VERIFY = (
    "Trigger a test event from your website.",
    "In the Insider panel, navigate to Audience > Users and search for the test user by uuid or email.",
    "Click the user to view recent events and custom attributes.",
    "In Signal, check Live Events to confirm delivery with a 200 response status.",
)

MISSING_UUID = "User not appearing"

TAXONOMY = Hint(
    "Predictive segments not updating",
    "Event name not in Insider’s taxonomy",
    "Use Insider’s standard event names (product_detail_page_view, confirmation_page_view) for full segmentation "
    "support.",
)
HINTS = (
    Hint(MISSING_UUID, "Missing uuid", "Insider requires a non-empty uuid on every event."),
    TAXONOMY,
)

REFERENCE = "Visit Insider InOne developer documentation for full reference."

SEE_ALSO = (
    SeeAlso("klaviyo", "Klaviyo", "ecommerce marketing alternative"),
    SeeAlso("braze", "Braze", "multi-channel engagement"),
    SeeAlso("movable_ink", "Movable Ink", "content personalisation"),
)

REMARKS = (
    Remark(
        "mapping",
        "Names in Title Case, in snake_case and those of GA4 are one event, e.g. Order Completed, order_completed and "
        "purchase; so are the spellings of properties. An event under Insider's own name is taken for what it is.",
    ),
    Remark(
        "mapping",
        "An event in the future counts as happening when it was received. One that Insider would not keep is skipped: "
        "older_than_retention (purchases 730 days, sign-ups 365, others 90). History goes in requests of its own with "
        "skip_hook, so that it starts no journey.",
    ),
    Remark(
        "mapping",
        "What Insider would ignore without a word is told as a warning in `datafly preview` and in the live event: "
        "events outside its taxonomy, names that are not in registered_names or begin with c_, more than 80 custom "
        "fields in one event, and values that cannot be what their field must be.",
    ),
    Remark(
        "identity",
        "Of the traits, first_name (else name), last_name, birthday, gender, age, language (else locale), country and "
        "city (also those of an address), email_optin, sms_optin, whatsapp_optin and gdpr_optin are Insider's own "
        "attributes, in every usual spelling; all others are custom ones. Of several spellings the newest told counts.",
    ),
    Remark(
        "identity",
        "With anonymous_events: as_uuid the first login replaces the visitor's uuid by the user's, before the login "
        "itself is sent. If Insider answers “new identifier already has a user assigned to it”, the user had a profile "
        "before, e.g. from another device: what the visitor did stays with the anonymous profile, everything from "
        "here on belongs to the user, and the login counts as delivered with that reason. “no such user” means that "
        "nothing had been sent of the visitor. A visitor whose consent came only after the login is not merged.",
    ),
    Remark(
        "identity",
        "With anonymous_events: custom_identifier any one identifier is enough, and Insider unifies visitor and user "
        "by its own rules; enable the identifier under Components > Identity Resolution, or it is ignored.",
    ),
)

# contracts/insider.md §12.
DIFFERENCES = (
    Difference(
        "prerequisites",
        "The panel is InOne, at https://inone.useinsider.com or https://{partner}.inone.useinsider.com.",
    ),
    Difference(
        "prerequisites",
        "The Partner Name stands under Inone Settings > Account Settings. It is no part of the path: it goes as the "
        "header X-PARTNER-NAME, in lower case.",
    ),
    Difference(
        "prerequisites",
        "The key is made under Inone Settings > Integration Settings > API Keys as type Unified Customer Database "
        "(UCD), by an administrator. It has no scopes and may be bound to IPv4 addresses; an account has at most five.",
    ),
    Difference(
        "prerequisites",
        "A profile holds one uuid. An anonymous one that was sent becomes the user's at login only if Insider has no "
        "profile of that user yet; so Signal sends the user_id only, unless anonymous_events says otherwise.",
    ),
    Difference(
        "mapping",
        "page_view is no default event of Insider: register it under Components > Attributes and Events.",
    ),
    Difference(
        "mapping",
        "A purchase has no parameter total: revenue is built from unit_sale_price and quantity of one event per line, "
        "tied together by event_group_id; Signal sends the totals as custom parameters. The API also takes the name "
        "purchase for confirmation_page_view.",
    ),
    Difference(
        "identity",
        "Any one of uuid, email, phone_number and custom identifiers is enough for Insider. Which of them identify is "
        "chosen under Components > Identity Resolution; custom attributes must exist under Components > Attributes and "
        "Events, or they are silently dropped.",
    ),
    Difference("consent", "The API knows opt-ins for email, SMS and WhatsApp, and none for push."),
    Difference(
        "consent",
        "A user without gdpr_optin counts as one who agreed: its absence is not a no.",
    ),
    Difference(
        "verify",
        "Profiles are found under Audience > User Profiles, with some delay. A 200 may carry refused users in "
        "data.fail; Signal judges each user of it by itself.",
    ),
    Difference(
        "troubleshooting",
        "A bad key or partner name is documented as 403 Access Denied, on another page as 401 and as "
        "400 “Partner is invalid.”; Signal knows all of them.",
    ),
)
