"""Braze, by /users/track and the calls beside it (contracts/klaviyo-braze-movable-ink-webhook.md §2)."""

from datafly.integrations.braze import (
    answers,
    calls,
    events,
    failures,
    identity,
    peers,
    places,
    routes,
    rules,
    samples,
    settings,
    words,
)
from datafly.spec.asking import Check
from datafly.spec.compiled import Limits
from datafly.spec.integration import Functions, Integration
from datafly.spec.pacing import Window

integration = Integration(
    slug="braze",
    name="Braze",
    summary=words.SUMMARY,
    category="Marketing Automation",
    stage="alpha",
    website="https://www.braze.com",
    reference=words.REFERENCE,
    consent="marketing",
    consent_note=words.CONSENT,
    identity_intro=words.IDENTITY,
    settings=settings.SETTINGS,
    base="{rest_endpoint}",
    headers=routes.HEADERS,
    routes=routes.ROUTES,
    # It asks for a user whom nobody has, so it reads nothing about anybody.
    check=Check(
        "/users/export/ids",
        "POST",
        {"external_ids": ["signal-credential-check"], "fields_to_export": ["external_id"]},
    ),
    limits=Limits(
        max_items=75,
        max_bytes=3_600_000,
        requests_per_minute=60_000,
        windows=(Window(3_000, 3.0),),
        source="Braze's documents: 75 objects over the three lists, 4 MB and 3,000 requests in three seconds; 20,000 a "
        "minute over identify, merge and delete together; 50 items in those (read 2026-08). Bytes are kept 10 % below.",
    ),
    limit_settings=settings.LIMIT_SETTINGS,
    variants=settings.VARIANTS,
    identity=identity.IDENTITY,
    rules=rules.RULES,
    body=events.OWN_EVENT,
    failures=failures.FAILURES,
    hints=words.HINTS,
    prerequisites=words.PREREQUISITES,
    verify=words.VERIFY,
    see_also=words.SEE_ALSO,
    remarks=words.REMARKS,
    corpus="contract/braze",
    samples=samples.SAMPLES,
    calls=calls.CALLS,
    overridable=places.OVERRIDABLE,
    spend=settings.SPEND,
    peers=peers.PEERS,
    # Duplicates are separate events (§2.3).
    idempotent=False,
    functions=Functions(
        judge_success=answers.judge_success, judge_failure=answers.judge_failure, judge_check=answers.judge_check
    ),
)
