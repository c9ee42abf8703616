"""`/metrics`"""

from typing import Any

from litestar import Request, Response, Router, get

from datafly.management.services import Services
from datafly.model.errors import NotFound


@get("/metrics", include_in_schema=False)
async def get_exposition(services: Services, request: Request[Any, Any, Any]) -> Response[bytes]:
    """For Prometheus: of every process that works on this data folder."""
    if services.exposed is None:
        raise NotFound("There are no metrics here.")
    text, content_type = await services.exposed(request.headers.get("accept", ""))
    return Response(text, headers={"Content-Type": content_type})


router = Router("/", route_handlers=[get_exposition])
