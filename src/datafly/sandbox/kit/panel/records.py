"""What the vendor would show: records by kind, and one with what belongs to it."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from datafly.sandbox.kit.panel.frame import AnyRequest, Panel
from datafly.sandbox.kit.vendor import Kind
from datafly.sandbox.parameters import Before

_PAGE = 50


@get("/")
async def start(panel: NamedDependency[Panel]) -> Redirect:
    return panel.see_other(f"/records/{panel.vendor.kinds[0].key}")


@get("/records/{kind:str}")
async def list_of_kind(
    request: AnyRequest,
    kind: FromPath[str],
    panel: NamedDependency[Panel],
    q: FromQuery[str] = "",
    before: Before = None,
) -> Response[str]:
    shown, now = _kind(panel, kind), panel.clock()
    found = panel.store.records(kind, now=now, words=q, before=before, limit=_PAGE + 1)
    return panel.draw(
        request,
        "records.html",
        place=f"/records/{kind}",
        crumbs=shown.title,
        kind=shown,
        records=found[:_PAGE],
        words=q,
        before=before,
        older=found[_PAGE - 1].seq if len(found) > _PAGE else None,
        total=panel.store.count(kind, now=now),
        waiting=panel.store.waiting(now=now),
    )


@get("/records/{kind:str}/{record_id:str}")
async def one_record(
    request: AnyRequest, kind: FromPath[str], record_id: FromPath[str], panel: NamedDependency[Panel]
) -> Response[str]:
    shown = _kind(panel, kind)
    record = panel.store.get(kind, record_id)
    if record is None:
        raise NotFoundException
    feeds = panel.store.of_owner(record_id, shown.feeds, now=panel.clock()) if shown.feeds else []
    return panel.draw(
        request,
        "record.html",
        place=f"/records/{kind}",
        crumbs=shown.title,
        kind=shown,
        record=record,
        names=panel.store.names_of(record_id),
        feed=feeds,
        kinds={one.key: one for one in panel.vendor.kinds},
    )


def _kind(panel: Panel, key: str) -> Kind:
    found = panel.vendor.kind(key)
    if found is None:
        raise NotFoundException
    return found


ROUTES = (start, list_of_kind, one_record)
