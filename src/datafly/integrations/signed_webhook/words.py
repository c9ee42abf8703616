"""What people read about the webhook."""

from datafly.integrations.signed_webhook.templates import LANGUAGE
from datafly.spec.integration import Remark, SeeAlso, Step
from datafly.spec.words import Hint

SUMMARY = (
    "Sends events as signed JSON requests to any address: a system of your own, an automation tool, or a vendor that "
    "Signal has no integration for."
)
REFERENCE = (
    "Signatures are those of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), for which there are libraries "
    "in many languages."
)
CONSENT = (
    "Which consent a receiver needs depends on what it does with events, so you choose it: marketing, unless you say "
    "otherwise. What is not granted is not sent."
)
IDENTITY = "A receiver gets the ids as they are known."

_MAKE_A_KEY = (
    "python3 -c \"import base64, secrets; print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\""
)
PREREQUISITES = (
    Step(
        "Have a receiver",
        "It takes POST requests of JSON at an https address, and answers 2xx within the timeout once it has kept them. "
        "Anything else means that it did not; a redirect does, too.",
    ),
    Step(
        "Make a signing secret",
        "The receiver and Signal share it. For ed25519 the receiver gets the public key alone.",
        steps=(
            _MAKE_A_KEY,
            "Give it to the receiver, and to Signal as Signing secret.",
        ),
    ),
    Step(
        "Verify signatures",
        "Take a library of Standard Webhooks, hand it the body to the byte, and refuse what does not hold with 401.",
        choices=(
            "webhook-id stays when a request comes again: look for it, and skip what you have.",
            "webhook-timestamp is the time of this attempt; what is older than five minutes is refused.",
            "webhook-signature holds a signature for each key; one that holds is enough.",
        ),
    ),
)
VERIFY = (
    "Press Test: your receiver gets one signed request of type signal.test, which is no event.",
    "Trigger a test event from your website.",
    "In Signal, check Live Events to confirm delivery with a 2xx response status.",
    "At your receiver, look for the request with the same webhook-id.",
)
HINTS = (
    Hint(
        "Every signature is refused",
        "The body was parsed and written anew before it was verified, or the secret is taken with its prefix",
        "Verify the bytes as they came; a library of Standard Webhooks takes the secret whole, others want what is "
        "behind whsec_, decoded.",
    ),
    Hint(
        "Signatures are refused from time to time",
        "The clock of one side is wrong, or a proxy keeps requests for minutes",
        "Set both clocks by NTP; a repeated request is signed anew, with its own time.",
    ),
    Hint(
        "The request was not sent: address not allowed",
        "The URL leads to a private, loopback, link-local or metadata address, or is plain http",
        "Give it a public https address; for a receiver on your own network name its host in DATAFLY_PRIVATE_HOSTS.",
    ),
    Hint(
        "The receiver has events twice",
        "An answer was lost after it had kept them, so they were sent again; Live Events says possibly doubled",
        "Skip what has a webhook-id that you know; in batches also by messageId, since after a restart of Signal a "
        "batch may hold other events.",
    ),
)
SEE_ALSO = (
    SeeAlso("insider", "Insider", "AI-driven cross-channel personalisation"),
    SeeAlso("klaviyo", "Klaviyo", "ecommerce marketing"),
)
REMARKS = (
    Remark(
        "prerequisites",
        "To replace the secret, set the new one as Signing secret and the old one as Previous signing secret: both "
        "sign, until it is taken away, or until Previous signing secret until. One may be whsec_…, the other whsk_….",
    ),
    Remark(
        "mapping",
        "With batching: on, the body is {“events”: […]}, even around one event. Events of one user come in order, "
        "within a request and from request to request.",
    ),
    Remark(
        "mapping",
        "With payload: envelope, type is page, identify and so on, or track.order_completed: the event's name in "
        "snake_case; timestamp is when it happened.",
    ),
    *(Remark("mapping", sentence) for sentence in LANGUAGE),
    Remark(
        "mapping",
        "A repeated request has the same body, to the byte, and the same webhook-id, as long as its events are the "
        "same; only webhook-timestamp and the signature are new.",
    ),
    Remark("identity", "Whoever is erased is told as a signed request of type signal.delete_user, with her ids."),
    Remark(
        "verify",
        "The test is sent by the method of events and signed as they are, since nothing less shows whether the secret "
        "is right. It names no user. What a receiver makes of it, Signal cannot know; one that answers 400 does not "
        "know the type, and has accepted the signature.",
    ),
)
