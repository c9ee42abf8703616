"""Whether a person allowed that an event goes to a vendor; what is not known to be granted is denied."""

from collections.abc import Mapping

from datafly.model.consent import SAID_BY, Consent
from datafly.model.event import Event
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.compiled import Compiled


def consent_ruling(compiled: Compiled, event: Event, newer: Mapping[str, bool] | None = None) -> Ruling | None:
    """Why consent keeps the event back (SKIPPED `consent_<category>`), None where it does not.

    `newer`: what the visitor decided after the event. A withdrawal there counts; a grant does not reach back.
    A message that tells of nothing but the withdrawal itself needs no consent.
    """
    category = compiled.consent
    if category is None:
        return None
    if not event.consent.allows(category):
        if _is_told(compiled, event):
            return None
        return _skipped(category, _absent(category, event.consent))
    if category != "essential" and newer is not None and newer.get(category) is False:
        return _skipped(category, f"Consent for {category} was withdrawn after the event.")
    return None


def _is_told(compiled: Compiled, event: Event) -> bool:
    """Of a visitor who is not sent the vendor cannot know."""
    known = event.user_id is not None or (compiled.tells_of_visitors and event.anonymous_id is not None)
    return known and compiled.tells_withdrawal and compiled.consent in event.consent.withdrawn


def _absent(category: str, consent: Consent) -> str:
    if not consent.knows(category):
        return f"Nothing is known of a consent for {category}, which counts as denied."
    by = "by the visitor" if consent.source in {"event", "visitor"} else SAID_BY.get(consent.source, "by the visitor")
    return f"Consent for {category} is denied {by}."


def _skipped(category: str, cause: str) -> Ruling:
    cure = (
        f"Nothing, if it is the visitor's choice. Else send it: datafly.consent({{{category}: true}}), or "
        "context.consent with the event; a site without a consent banner sets consent_defaults of the pipeline."
    )
    return Ruling(Verdict.SKIPPED, f"consent_{category}", cause=cause, cure=cure)
