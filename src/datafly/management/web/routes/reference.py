"""`/docs`: the management API, to look things up in. Drawn here, as a page that needs nothing from elsewhere."""

from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get

from datafly.management.reference import Reference
from datafly.management.services import Services
from datafly.management.web.frame import draw, part
from datafly.management.web.visit import Visit

PLACE: Final = "/docs"
_FAILS: Final = "400"


class LaidOut(msgspec.Struct, frozen=True):
    """What is the same for everybody: half a megabyte, drawn once. `groups`: tag → how many operations."""

    groups: Mapping[str, int]
    shapes: int
    html: str


def laid_out(found: Reference) -> LaidOut:
    failures = sorted(_failures(found))
    drawn = part("reference_parts.html", groups=found.groups, shapes=found.shapes, failures=failures)
    counts = {tag: len(operations) for tag, operations in found.groups.items()}
    return LaidOut(counts, len(found.shapes), drawn)


def _failures(found: Reference) -> set[tuple[str, str]]:
    """(status, what it means), told once: they mean the same at every operation."""
    every = (answer for operations in found.groups.values() for one in operations for answer in one.answers)
    return {(status, meaning) for status, meaning, _ in every if status >= _FAILS}


@get(PLACE, sync_to_thread=True)
def api_reference(*, services: Services, request: Visit) -> Response[str]:
    url = services.settings.public_url or str(request.base_url).rstrip("/")
    return draw(request, "reference.html", place=PLACE, laid_out=request.app.state["reference"](), url=url)


ROUTES = (api_reference,)
