"""The calls of Klaviyo's API: their shapes, limits and headers (§1.1–1.4, §1.6)."""

from typing import Any

from datafly.integrations.klaviyo.conflicts import NAMED
from datafly.integrations.klaviyo.refusals import PROFILE_TOO_LARGE
from datafly.spec.asking import Later
from datafly.spec.bounds import Fits
from datafly.spec.integration import Route
from datafly.spec.pacing import Window

REVISION = "2026-07-15"
"""The revision of the API that all of this is written for; nothing else names one."""

_JSON_API = "application/vnd.api+json"
HEADERS = {
    "Authorization": "Klaviyo-API-Key {private_api_key}",
    "revision": REVISION,
    "Content-Type": _JSON_API,
    "Accept": _JSON_API,
}

_EVENT_FITS = Fits(text_bytes=100_000, list_items=4_000)
_PROFILE_FITS = Fits(PROFILE_TOO_LARGE, item_bytes=98_000)


def _job(kind: str, name: str, **beside: Any) -> dict[str, Any]:
    return {"data": {"type": kind, "attributes": {name: {"data": ["$items"]}}, **beside}}


_PROFILE = {"type": "profile", "attributes": "$item"}
_LIST = {"list": {"data": {"type": "list", "id": "{list_id}"}}}
_EVENTS_A_MINUTE, _PROFILES_A_MINUTE, _JOBS_A_MINUTE = 3_500, 750, 150
FEW_EVENTS = _EVENTS_A_MINUTE // _JOBS_A_MINUTE
"""So many may be told one by one in the time of one job; and what comes again so is ignored, not refused."""
_EVENTS_AT_ONCE, _PROFILES_AT_ONCE, JOBS_AT_ONCE = ((Window(most, 1.0),) for most in (350, 75, 10))
"""What Klaviyo calls its burst window, beside the steady one of a minute."""
# Asking for a job and for its errors are two calls with 10 a second and 150 a minute each; this serves both.
_JOB_LATER = Later(
    "data.id",
    "/api/profile-bulk-import-jobs/{ticket}",
    only_if="import_results",
    requests_per_minute=120,
    windows=JOBS_AT_ONCE,
)
_IMPORT: dict[str, Any] = {
    "wrap": _job("profile-bulk-import-job", "profiles"),
    "item": _PROFILE,
    "unique": ("external_id",),
    "requests_per_minute": _JOBS_A_MINUTE,
    "windows": JOBS_AT_ONCE,
    "fits": _PROFILE_FITS,
    "later": _JOB_LATER,
}

ROUTES = (
    Route(
        "/api/event-bulk-create-jobs",
        wrap=_job("event-bulk-create-job", "events-bulk-create"),
        group={
            "type": "event-bulk-create",
            "attributes": {
                "profile": {"data": {"type": "profile", "attributes": "$group"}},
                "events": {"data": ["$items"]},
            },
        },
        item={"type": "event", "attributes": "$item"},
        unique=("metric.data.attributes.name", "unique_id"),
        single="event",
        few=FEW_EVENTS,
        repeat_alone=True,
        fits=_EVENT_FITS,
    ),
    Route(
        "/api/events",
        key="event",
        item={
            "data": {
                "type": "event",
                "attributes": {"profile": {"data": {"type": "profile", "attributes": "$group"}}, "$item": True},
            }
        },
        requests_per_minute=_EVENTS_A_MINUTE,
        windows=_EVENTS_AT_ONCE,
        fits=_EVENT_FITS,
    ),
    Route(
        "/api/profile-import",
        key="profile",
        item={"data": _PROFILE},
        requests_per_minute=_PROFILES_A_MINUTE,
        windows=_PROFILES_AT_ONCE,
        fits=_PROFILE_FITS,
    ),
    Route(
        "/api/profile-import",
        key=NAMED,
        item={"data": "$item"},
        requests_per_minute=_PROFILES_A_MINUTE,
        windows=_PROFILES_AT_ONCE,
        fits=_PROFILE_FITS,
    ),
    # Klaviyo takes 10,000; in which order it works on those of one user it does not say, so none is in a job twice.
    Route(
        "/api/profile-bulk-import-jobs",
        key="profiles",
        single="profile",
        few=_PROFILES_A_MINUTE // _JOBS_A_MINUTE,
        max_items_by="profiles_per_request",
        **_IMPORT,
    ),
    Route("/api/profile-bulk-import-jobs", key="history", **_IMPORT),
    Route(
        "/api/profile-subscription-bulk-create-jobs",
        key="subscribe",
        wrap=_job("profile-subscription-bulk-create-job", "profiles", relationships=_LIST),
        item=_PROFILE,
        requests_per_minute=_PROFILES_A_MINUTE,
        windows=_PROFILES_AT_ONCE,
    ),
    # No list: who opts out of a channel does so whatever list she is in.
    Route(
        "/api/profile-subscription-bulk-delete-jobs",
        key="unsubscribe",
        wrap=_job("profile-subscription-bulk-delete-job", "profiles"),
        item=_PROFILE,
        max_items=100,
        requests_per_minute=_PROFILES_A_MINUTE,
        windows=_PROFILES_AT_ONCE,
    ),
)
