"""Movable Ink, by its Customer Data API: one event, or a list of them, to the address of the account."""

from datafly.integrations.movable_ink import (
    answers,
    identity,
    payloads,
    peers,
    places,
    refusals,
    rules,
    samples,
    settings,
    words,
)
from datafly.spec.basic import basic
from datafly.spec.compiled import Limits
from datafly.spec.integration import Functions, Integration, Route

integration = Integration(
    slug="movable_ink",
    name="Movable Ink",
    summary=words.SUMMARY,
    category="Marketing Automation",
    stage="alpha",
    website="https://movableink.com",
    reference=words.REFERENCE,
    consent="marketing",
    consent_note=words.CONSENT,
    identity_intro=words.IDENTITY,
    settings=settings.SETTINGS,
    base="{endpoint_url}",
    # One event goes as it is, as most partners send it; the list is documented by one partner alone.
    routes=(Route("", items_key="events", single="one"), Route("", key="one")),
    limits=Limits(
        max_items=1_000,
        max_bytes=900_000,
        requests_per_minute=6_000,
        source="RudderStack's Movable Ink destination: 1,000 events and 1 MB a request, of which 10 % are kept free; "
        "Movable Ink publishes no rate, and 6,000 requests a minute are ours (read 2026-07)",
    ),
    limit_settings={"max_items": "events_per_request", "requests_per_minute": "requests_per_minute"},
    variants=settings.VARIANTS,
    too_old=refusals.TOO_OLD,
    identity=identity.IDENTITY,
    rules=rules.RULES,
    body=payloads.EVENT,
    failures=answers.FAILURES,
    hints=words.HINTS,
    prerequisites=words.PREREQUISITES,
    verify=words.VERIFY,
    see_also=words.SEE_ALSO,
    remarks=words.REMARKS,
    samples=samples.SAMPLES,
    # No document tells how it recognises what comes again; the message id is in every payload.
    idempotent=False,
    overridable=places.OVERRIDABLE,
    peers=peers.PEERS,
    functions=Functions(judge_success=answers.judge_success, headers=basic("access_key", "access_secret")),
)
