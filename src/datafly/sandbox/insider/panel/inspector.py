"""The sandbox's own pages: what arrived and how it was judged, and what of all this is not Insider's word."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException

from datafly.sandbox.insider import replies, rules
from datafly.sandbox.insider.panel.frame import Panel, Visit
from datafly.sandbox.insider.state.requests import UserVerdict
from datafly.sandbox.parameters import Before, RowId

PLACE = "/sandbox/requests"
_PAGE = 50
_MOST_VERDICTS = 200


@get(PLACE)
async def requests(
    visit: NamedDependency[Visit], panel: NamedDependency[Panel], before: Before = None
) -> Response[str]:
    found = panel.state.requests.newest(account_id=visit.account.id, limit=_PAGE + 1, before=before)
    page = found[:_PAGE]
    return panel.draw(
        visit,
        "requests.html",
        place=PLACE,
        crumbs="Sandbox > Requests",
        requests=page,
        before=before,
        older=page[-1].id if len(found) > _PAGE else None,
    )


@get(f"{PLACE}/{{request_id:int}}")
async def request_page(
    request_id: RowId, visit: NamedDependency[Visit], panel: NamedDependency[Panel]
) -> Response[str]:
    record = panel.state.requests.of_id(request_id)
    if record is None or record.summary.account_id not in {None, visit.account.id}:
        raise NotFoundException
    telling = sorted(record.verdicts, key=_least_telling)[:_MOST_VERDICTS]
    return panel.draw(
        visit, "request.html", place=PLACE, crumbs="Sandbox > Requests", record=record, shown_verdicts=telling
    )


@get("/sandbox/about")
async def about(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    return panel.draw(
        visit,
        "about.html",
        place="/sandbox/about",
        crumbs="Sandbox > About",
        answers=replies.OURS,
        rules=rules.OURS,
    )


def _least_telling(verdict: UserVerdict) -> tuple[bool, bool, int]:
    return (verdict.accepted, not verdict.ignored, verdict.index)


ROUTES = (requests, request_page, about)
