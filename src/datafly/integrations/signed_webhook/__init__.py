"""A webhook: any receiver of one's own, by signed JSON requests."""

from datafly.integrations.signed_webhook import (
    answers,
    calls,
    headers,
    identity,
    peers,
    places,
    rules,
    samples,
    settings,
    words,
)
from datafly.spec.asking import Check
from datafly.spec.compiled import Limits
from datafly.spec.integration import Functions, Integration, Route

_TEST = {
    "type": "signal.test",
    "data": {"sentence": "Signal tests its settings. This is no event and names nobody; answer 2xx if it is welcome."},
}

integration = Integration(
    slug="signed_webhook",
    name="Webhook",
    summary=words.SUMMARY,
    category="Other",
    stage="alpha",
    website="https://www.standardwebhooks.com",
    reference=words.REFERENCE,
    consent="marketing",
    consent_by="consent_category",
    consent_note=words.CONSENT,
    identity_intro=words.IDENTITY,
    settings=settings.SETTINGS,
    base="{url}",
    routes=(
        Route("", items_key="events", single="one", listed_if=("batching", "on"), method="{method}"),
        Route("", key="one", method="{method}"),
    ),
    limits=Limits(
        max_items=100,
        max_bytes=1_000_000,
        requests_per_minute=6_000,
        timeout_seconds=15.0,
        source="yours: what a receiver takes, only its owner knows, so all of them are settings. 15 to 30 seconds for "
        "an answer are what Standard Webhooks 1.0.0 asks for, and small bodies, of less than 20 kB (read 2026-08)",
    ),
    limit_settings={
        "max_items": "events_per_request",
        "max_bytes": "bytes_per_request",
        "requests_per_minute": "requests_per_minute",
        "flush_interval_ms": "flush_interval_ms",
        "timeout_seconds": "timeout_seconds",
    },
    variants=settings.VARIANTS,
    identity=identity.IDENTITY,
    rules=rules.RULES,
    body=rules.TRACK,
    failures=answers.FAILURES,
    hints=words.HINTS,
    check=Check("", method="{method}", body=_TEST),
    calls=calls.CALLS,
    prerequisites=words.PREREQUISITES,
    verify=words.VERIFY,
    see_also=words.SEE_ALSO,
    remarks=words.REMARKS,
    samples=samples.SAMPLES,
    corpus="contract/signed_webhook",
    overridable=places.OVERRIDABLE,
    peers=peers.PEERS,
    # A receiver may look for webhook-id and messageId; whether it does, nobody can know here.
    idempotent=False,
    functions=Functions(
        judge_success=answers.judge_success,
        judge_failure=answers.judge_failure,
        headers=headers.headers,
        sign=headers.sign,
    ),
)
