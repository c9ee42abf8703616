"""Klaviyo, by its events, profiles and subscriptions APIs (contracts/klaviyo-braze-movable-ink-webhook.md §1)."""

from datafly.integrations.klaviyo import (
    answers,
    calls,
    conflicts,
    events,
    identity,
    imports,
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

integration = Integration(
    slug="klaviyo",
    name="Klaviyo",
    summary=words.SUMMARY,
    category="Marketing Automation",
    stage="alpha",
    website="https://www.klaviyo.com",
    reference=words.REFERENCE,
    consent="marketing",
    consent_note=words.CONSENT,
    identity_intro=words.IDENTITY,
    settings=settings.SETTINGS,
    base="{base_url}",
    headers=routes.HEADERS,
    routes=routes.ROUTES,
    # Of the calls that only read, the one whose scope the key has anyway.
    check=Check("/api/lists"),
    limits=Limits(
        max_items=1_000,
        max_bytes=4_500_000,
        requests_per_minute=150,
        windows=routes.JOBS_AT_ONCE,
        source=f"Klaviyo's OpenAPI of revision {routes.REVISION}: 1,000 events and 5 MB, a burst and a steady window "
        "of each call (read 2026-07). Bytes are kept 10 % below.",
    ),
    limit_settings=settings.LIMIT_SETTINGS,
    variants=settings.VARIANTS,
    identity=identity.IDENTITY,
    rules=rules.RULES,
    body=events.OWN_EVENT,
    failures=answers.FAILURES,
    hints=words.HINTS,
    prerequisites=words.PREREQUISITES,
    verify=words.VERIFY,
    see_also=words.SEE_ALSO,
    remarks=words.REMARKS,
    samples=samples.SAMPLES,
    calls=calls.CALLS,
    overridable=places.OVERRIDABLE,
    peers=peers.PEERS,
    functions=Functions(
        judge_success=answers.judge_success,
        judge_failure=answers.judge_failure,
        amend=conflicts.amend,
        judge_later=imports.judge_later,
        judge_check=answers.judge_check,
    ),
)
