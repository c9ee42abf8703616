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


class LaidOut(msgspec.Struct, frozen=True):
    """What is the same for everybody: half a megabyte, drawn once. `groups`: tag → how many operations."""

    groups: Mapping[str, int]
    shapes: int
    html: str


def laid_out(found: Reference) -> LaidOut:
    drawn = part("reference_parts.html", groups=found.groups, shapes=found.shapes)
    counts = {tag: len(operations) for tag, operations in found.groups.items()}
    return LaidOut(counts, len(found.shapes), drawn)


@get(PLACE, sync_to_thread=True)
def api_reference(*, services: Services, request: Visit) -> Response[str]:
    url = services.settings.public_url or str(request.base_url).rstrip("/")
    return draw(request, "reference.html", place=PLACE, laid_out=request.app.state["reference"](), url=url)


ROUTES = (api_reference,)
