"""The sandbox's own pages: what arrived and how it was judged, and what of all this is not Insider's word."""

from contextlib import suppress
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter

from datafly.sandbox.insider.ours import our_words
from datafly.sandbox.insider.panel.frame import AnyRequest, Panel, Visit
from datafly.sandbox.insider.state.requests import Filter, UserVerdict
from datafly.sandbox.parameters import Before, RowId

PLACE = "/sandbox/requests"
_PAGE = 50
_MOST_VERDICTS = 200
Shown = Annotated[Filter, QueryParameter()]


@get(PLACE)
async def requests(
    visit: NamedDependency[Visit], panel: NamedDependency[Panel], before: Before = None, show: Shown = "all"
) -> Response[str]:
    found = panel.state.requests.newest(account_id=visit.account.id, limit=_PAGE + 1, before=before, only=show)
    page = found[:_PAGE]
    return panel.draw(
        visit,
        "requests.html",
        place=PLACE,
        crumbs="Sandbox > Requests",
        requests=page,
        before=before,
        show=show,
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
        visit,
        "request.html",
        place=PLACE,
        crumbs="Sandbox > Requests",
        record=record,
        shown_verdicts=telling,
        root_fields=_root_fields(record.body),
    )


@get("/sandbox/about")
async def about(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    return panel.draw(
        visit,
        "about.html",
        place="/sandbox/about",
        crumbs="Sandbox > About",
        words=list(our_words()),
    )


@get("/")
async def ours_page(request: AnyRequest, panel: NamedDependency[Panel]) -> Response[str]:
    """What is not Insider's word, for everybody: a developer reads it without an account of the panel."""
    origin = str(request.base_url).rstrip("/")
    return panel.pages.draw("ours.html", {"words": list(our_words()), "origin": origin})


def _root_fields(body: str) -> dict[str, object]:
    """What stands beside the users of a request, such as `skip_hook`."""
    with suppress(msgspec.DecodeError):
        document = msgspec.json.decode(body)
        if isinstance(document, dict):
            return {name: value for name, value in document.items() if name != "users"}
    return {}


def _least_telling(verdict: UserVerdict) -> tuple[bool, bool, int]:
    return (verdict.accepted, not verdict.ignored, verdict.index)


ROUTES = (requests, request_page, about)
