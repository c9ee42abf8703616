"""`/settings/audit-log`: who changed what, and who came in."""

from typing import Final

from litestar import Response, get
from litestar.params import FromQuery

from datafly.management.services import Services
from datafly.management.views.times import moment
from datafly.management.web.frame import draw
from datafly.management.web.visit import Visit

_SHOWN: Final = 50


@get("/settings/audit-log", sync_to_thread=True)
def audit_log(*, services: Services, request: Visit, before: FromQuery[str | None] = None) -> Response[str]:
    found = services.control.audit_log(before=before, limit=_SHOWN + 1)
    rows = [(entry, moment(entry.timestamp_ms)) for entry in found[:_SHOWN]]
    older = found[_SHOWN - 1].id if len(found) > _SHOWN else ""
    return draw(request, "audit_log.html", place="/settings/audit-log", rows=rows, older=older)


ROUTES = (audit_log,)
