"""Why an event is not sent to Klaviyo (contracts/klaviyo-braze-movable-ink-webhook.md §1.2, §1.3, §1.5, §1.6)."""

from datafly.model.verdict import Verdict
from datafly.spec.words import Refusal

NO_IDENTIFIER = Refusal(
    Verdict.SKIPPED,
    "no_identifier",
    "Klaviyo needs an e-mail address, a phone number, a user id or an anonymous id, and none of them may be sent.",
    "Call datafly.identify() when the user logs in, or send traits.email or anonymousId with the event.",
)
NO_PROFILE = Refusal(
    Verdict.SKIPPED,
    "no_profile_identifier",
    "A profile is written by e-mail address, phone number or user id; an anonymous id is known to Klaviyo with events "
    "only.",
    "Send userId, or traits.email, with the call.",
)
NO_NAME = Refusal(
    Verdict.REJECTED,
    "missing_event_name",
    "The event has no name, and Klaviyo has no metric without one.",
    "Give the event a name.",
)
NAME_TOO_LONG = Refusal(
    Verdict.REJECTED,
    "event_name_too_long",
    "Names of metrics have less than 128 characters at Klaviyo.",
    "Give the event a shorter name, and what tells it apart as properties.",
)
UNTIMELY = Refusal(
    Verdict.REJECTED,
    "time_out_of_range",
    "Klaviyo takes events after the year 1990 and at most one year in the future.",
    "Correct the timestamp of the event.",
)
PROFILE_TOO_LARGE = Refusal(
    Verdict.REJECTED,
    "profile_too_large",
    "Klaviyo takes profiles of at most 100 KB, of which 2 % are kept free for what stands around them.",
    "Send fewer or shorter traits.",
)
NO_GROUP = Refusal(
    Verdict.REJECTED,
    "missing_group_id",
    "The call names no group: groupId is missing.",
    "Send groupId with every group call.",
)
NO_CHANNEL = Refusal(
    Verdict.SKIPPED,
    "no_channel",
    "Neither an e-mail address nor a phone number is known of who withdrew her consent, so there is nothing to "
    "unsubscribe.",
    "Nothing; the event itself is not sent.",
)
PAGES_OFF = Refusal(
    Verdict.SKIPPED,
    "pages_off",
    "The setting pages is skip, so page and screen calls are not sent.",
    "Nothing; or set pages to viewed_page.",
)
