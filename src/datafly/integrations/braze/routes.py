"""The calls of Braze's API: their shapes and limits (§2.1, §2.2)."""

from datafly.integrations.braze.refusals import EVENT_TOO_LARGE, PURCHASE_TOO_LARGE
from datafly.spec.bounds import Fits
from datafly.spec.integration import Route

HEADERS = {"Authorization": "Bearer {rest_api_key}"}
_FITS = Fits(EVENT_TOO_LARGE, item_bytes=98_000)

ROUTES = (
    # In this order Braze works on them.
    Route(
        "/users/track",
        parts=("attributes", "events", "purchases"),
        fits=_FITS,
        part_fits={"purchases": Fits(PURCHASE_TOO_LARGE, item_bytes=50_000)},
    ),
    # These and the deletion of users share 20,000 requests a minute. What is of one user is not in a request twice:
    # in which order a request is worked on, nobody says.
    Route(
        "/users/identify",
        key="identify",
        wrap={"aliases_to_identify": ["$items"], "merge_behavior": "{merge_behavior}"},
        unique=("external_id",),
        max_items=50,
        requests_per_minute=12_000,
    ),
    Route(
        "/users/merge",
        key="merge",
        items_key="merge_updates",
        unique=("identifier_to_keep.external_id",),
        max_items=50,
        requests_per_minute=5_000,
    ),
)
