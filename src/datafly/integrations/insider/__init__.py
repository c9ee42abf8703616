"""Insider, by its Unification API: one upsert carries a user, what is known of her and what she did."""

from datafly.integrations.insider import (
    answers,
    calls,
    identity,
    names,
    places,
    readiness,
    refusals,
    rules,
    samples,
    settings,
    users,
    words,
)
from datafly.spec.asking import Check
from datafly.spec.compiled import Limits
from datafly.spec.integration import Functions, Integration, Route

integration = Integration(
    slug="insider",
    name="Insider",
    summary=words.SUMMARY,
    category="Marketing Automation",
    stage="alpha",
    website="https://insiderone.com",
    reference=words.REFERENCE,
    consent="marketing",
    consent_note=words.CONSENT,
    identity_intro=words.IDENTITY,
    settings=settings.SETTINGS,
    base="{base_url}",
    headers={"X-PARTNER-NAME": "{partner_name}", "X-REQUEST-TOKEN": "{api_key}"},
    routes=(Route("/api/user/v1/upsert", items_key="users", historical={"skip_hook": True}), identity.IDENTITY_ROUTE),
    # Read-only; Insider's own n8n node tests credentials with it (contracts/insider.md §1).
    check=Check("/api/user/v3/metadata/columns", method="POST", body={"table": "contacts"}),
    limits=Limits(
        max_items=1_000,
        max_bytes=4_500_000,
        requests_per_minute=25_000,
        source="Insider's upsert documentation: 1,000 users, 5,000,000 bytes and 25,000 requests a minute, which "
        "attribute deletes share; bytes are kept 10 % below.",
    ),
    limit_settings=settings.LIMIT_SETTINGS,
    variants=settings.VARIANTS,
    too_old=refusals.TOO_OLD,
    identity=identity.IDENTITY,
    rules=rules.RULES,
    body=users.EVENT,
    failures=(*answers.FAILURES, *identity.MERGE_FAILURES),
    hints=words.HINTS,
    prerequisites=words.PREREQUISITES,
    verify=words.VERIFY,
    see_also=words.SEE_ALSO,
    differences=words.DIFFERENCES,
    remarks=words.REMARKS,
    corpus="contract/insider",
    samples=samples.SAMPLES,
    readiness=readiness.READINESS,
    calls=calls.CALLS,
    names=names.NAMES,
    overridable=places.OVERRIDABLE,
    functions=Functions(
        judge_success=answers.judge_success, judge_check=answers.judge_check, read_names=names.read_names
    ),
)
