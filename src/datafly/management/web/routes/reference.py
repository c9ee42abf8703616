"""`/docs`: the management API, to look things up in. Drawn here, as pages that need nothing from elsewhere."""

from typing import Final

from litestar import Response, get
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath

from datafly.management.document import MEANINGS
from datafly.management.reference import Reference, shapes_of
from datafly.management.services import Services
from datafly.management.web.frame import draw
from datafly.management.web.visit import Visit
from datafly.model.errors import NotFound

PLACE: Final = "/docs"


def subject(tag: str) -> str:
    """The last part of the path of its page."""
    return tag.lower().replace(" ", "-")


@get(PLACE, sync_to_thread=True)
def api_reference(*, services: Services, request: Visit) -> Response[str]:
    """Every operation in a line, without schemas: those are made once this is answered, for the pages it leads to."""
    url = services.settings.public_url or str(request.base_url).rstrip("/")
    groups = [(tag, subject(tag), entries) for tag, entries in request.app.state["contents"]().items()]
    answer = draw(request, "reference.html", place=PLACE, groups=groups, failures=MEANINGS, url=url)
    answer.background = BackgroundTask(request.app.state["reference"])
    return answer


@get(f"{PLACE}/{{about:str}}", sync_to_thread=True)
def api_subject(*, request: Visit, about: FromPath[str]) -> Response[str]:
    found: Reference = request.app.state["reference"]()
    for tag, operations in found.groups.items():
        if subject(tag) == about:
            shapes, page = shapes_of(found, operations), "reference_subject.html"
            return draw(request, page, place=PLACE, tag=tag, operations=operations, shapes=shapes)
    raise NotFound(f"The API reference has nothing about {about[:100]}.")


ROUTES = (api_reference, api_subject)
