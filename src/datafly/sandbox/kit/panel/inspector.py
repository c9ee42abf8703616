"""The sandbox's own pages: what arrived and how it was judged, and what of all this is not the vendor's word."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery

from datafly.sandbox.kit.panel.frame import AnyRequest, Panel
from datafly.sandbox.parameters import Before, RowId

PLACE = "/sandbox/requests"
_PAGE = 50
_MOST_VERDICTS = 200


@get(PLACE)
async def requests(
    request: AnyRequest, panel: NamedDependency[Panel], before: Before = None, show: FromQuery[str] = "all"
) -> Response[str]:
    found = panel.store.requests(limit=_PAGE + 1, before=before, failed=show == "failed")
    page = found[:_PAGE]
    return panel.draw(
        request,
        "requests.html",
        place=PLACE,
        crumbs="Sandbox > Requests",
        requests=page,
        before=before,
        show="failed" if show == "failed" else "all",
        older=page[-1].id if len(found) > _PAGE else None,
    )


@get(f"{PLACE}/{{request_id:int}}")
async def request_page(request: AnyRequest, request_id: RowId, panel: NamedDependency[Panel]) -> Response[str]:
    record = panel.store.request(request_id)
    if record is None:
        raise NotFoundException
    verdicts = sorted(record.verdicts, key=lambda verdict: verdict.accepted)
    return panel.draw(
        request,
        "request.html",
        place=PLACE,
        crumbs="Sandbox > Requests",
        record=record,
        shown_verdicts=verdicts[:_MOST_VERDICTS],
    )


@get("/sandbox/about")
async def about(request: AnyRequest, panel: NamedDependency[Panel]) -> Response[str]:
    return panel.draw(request, "about.html", place="/sandbox/about", crumbs="Sandbox > About", words=panel.vendor.ours)


@get("/")
async def ours_page(request: AnyRequest, panel: NamedDependency[Panel]) -> Response[str]:
    return panel.draw(request, "about.html", place="/sandbox/about", crumbs="Sandbox > About", words=panel.vendor.ours)


ROUTES = (requests, request_page, about)
