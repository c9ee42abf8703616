"""Samples of what visitors choose in a consent banner."""

from typing import Any

from datafly.integrations.insider.sample_requests import CONTACT, JANE, KNOWN, OUTSIDE, event, identify, request, track
from datafly.spec.integration import Sample

GRANTED = {"categories": {"marketing": True, "analytics": False}, "source": "event"}
DENIED = {"categories": {"marketing": False, "analytics": False}, "source": "event"}
WITHDRAWN = {**DENIED, "changed": ["marketing"], "withdrawn": ["marketing"]}
BY_OPTIN = {"forward_consent": "gdpr_optin"}


def _consent(consent: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "consent", "user_id": "user-123", "consent": consent, **more}


def _told(**consents: bool) -> dict[str, Any]:
    return {"custom": {f"consent_{category}": granted for category, granted in consents.items()}}


CONSENTS = (
    Sample(
        "what the visitor chose goes along",
        event={**track("Store Visited"), "known_traits": JANE, "consent": GRANTED},
        sends=request(
            event("store_visited"),
            identifiers=KNOWN,
            attributes={**CONTACT, **_told(marketing=True, analytics=False)},
        ),
        warns=(OUTSIDE,),
    ),
    Sample(
        "what the visitor chose goes along as gdpr_optin",
        event={**identify(plan="pro"), "consent": GRANTED},
        config=BY_OPTIN,
        sends=request(attributes={"gdpr_optin": True, "custom": {"plan": "pro"}}),
    ),
    Sample(
        "what the visitor chose stays here",
        event={**track("Store Visited"), "consent": GRANTED},
        config={"forward_consent": "off"},
        sends=request(event("store_visited")),
        warns=(OUTSIDE,),
    ),
    Sample(
        "a login of which only consent is told",
        event={**identify(), "consent": GRANTED},
        sends=request(attributes=_told(marketing=True, analytics=False)),
    ),
    Sample(
        "only the pipeline's default grants consent for marketing",
        event={
            **track("Store Visited"),
            "consent": {"categories": {"marketing": True, "analytics": True}, "source": "event"}
            | {"chosen": {"analytics": True}},
        },
        sends=request(event("store_visited"), attributes=_told(analytics=True)),
        warns=(OUTSIDE,),
    ),
    Sample(
        "consent is granted",
        event=_consent({**GRANTED, "changed": ["marketing", "analytics"]}, known_traits=JANE),
        sends=request(identifiers=KNOWN, attributes={**CONTACT, **_told(marketing=True, analytics=False)}),
    ),
    Sample("consent is granted once more", event=_consent(GRANTED), refuses="consent_unchanged"),
    Sample(
        "a choice of no interest to gdpr_optin",
        event=_consent({**GRANTED, "changed": ["analytics"]}),
        config=BY_OPTIN,
        refuses="consent_unchanged",
    ),
    Sample(
        "consent is granted by somebody unknown",
        event={"type": "consent", "consent": {**GRANTED, "changed": ["marketing", "analytics"]}},
        refuses="missing_uuid",
    ),
    Sample(
        "consent is withdrawn",
        event=_consent(WITHDRAWN, known_traits=JANE),
        sends=request(attributes=_told(marketing=False, analytics=False)),
    ),
    Sample(
        "consent is withdrawn as gdpr_optin",
        event=_consent(WITHDRAWN),
        config=BY_OPTIN,
        sends=request(attributes={"gdpr_optin": False}),
    ),
    Sample(
        "consent is withdrawn with another event",
        event={**track("Store Visited", store="Leeds"), "known_traits": JANE, "consent": WITHDRAWN},
        sends=request(attributes=_told(marketing=False, analytics=False)),
        warns=("The event itself is not sent: consent for marketing is withdrawn with it; only that is told.",),
    ),
)
