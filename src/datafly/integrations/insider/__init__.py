"""Insider, by its Unification API: one upsert carries a user, what is known of her and what she did."""

from datafly.integrations.insider import answers, mapping, samples, words
from datafly.spec.compiled import Limits
from datafly.spec.integration import Check, Functions, Integration, Route
from datafly.spec.setting import Address, Choice, Secret, Text

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
    settings=(
        Secret("api_key", "Insider Unification API key.", label="API key", example="xxxxxxxxxxxxxxxxxxxx"),
        Text(
            "partner_name",
            "Your Insider partner slug (e.g. myco).",
            label="Partner name",
            example="myco",
            pattern=r"[a-z0-9][a-z0-9._-]*",
            pattern_says="must be the slug of your account in lower case: letters a-z, digits, “-”, “_” and “.”, "
            "without spaces (Insider refuses upper case)",
        ),
        Address(
            "base_url",
            "Where the Unification API is: scheme://host[/prefix]; /api/user/v1/upsert is put after it.",
            label="Base URL",
            default="https://unification.useinsider.com",
            advanced=True,
        ),
        Choice(
            "forward_consent",
            "How Insider is told what a visitor chose in the consent banner.",
            label="Forward consent",
            default="custom_attributes",
            advanced=True,
            options=words.FORWARDED,
        ),
    ),
    base="{base_url}",
    headers={"X-PARTNER-NAME": "{partner_name}", "X-REQUEST-TOKEN": "{api_key}"},
    routes=(Route("/api/user/v1/upsert", items_key="users"),),
    # Read-only; Insider's own n8n node tests credentials with it (contracts/insider.md §1).
    check=Check("/api/user/v3/metadata/columns", method="POST", body={"table": "contacts"}),
    limits=Limits(
        max_items=1_000,
        max_bytes=4_500_000,
        requests_per_minute=25_000,
        source="Insider's upsert documentation: 1,000 users, 5,000,000 bytes and 25,000 requests a minute, which "
        "attribute deletes share; bytes are kept 10 % below.",
    ),
    identity=mapping.IDENTITY,
    rules=mapping.RULES,
    body=mapping.EVENT,
    failures=answers.FAILURES,
    hints=words.HINTS,
    prerequisites=words.PREREQUISITES,
    verify=words.VERIFY,
    see_also=words.SEE_ALSO,
    differences=words.DIFFERENCES,
    samples=samples.SAMPLES,
    functions=Functions(judge_success=answers.judge_success, judge_check=answers.judge_check),
)
