"""`/docs`: the management API, to look things up in. Drawn here, as a page that needs nothing from elsewhere."""

from typing import Final

from litestar import Response, get

from datafly.management.services import Services
from datafly.management.web.frame import draw
from datafly.management.web.visit import Visit

PLACE: Final = "/docs"


@get(PLACE, sync_to_thread=True)
def api_reference(*, services: Services, request: Visit) -> Response[str]:
    found = request.app.state["reference"]()
    url = services.settings.public_url or str(request.base_url).rstrip("/")
    return draw(request, "reference.html", place=PLACE, groups=found.groups, shapes=found.shapes, url=url)


ROUTES = (api_reference,)
