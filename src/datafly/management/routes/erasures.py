"""`/v1/admin/erasures`"""

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from datafly.management.bodies import Strict
from datafly.management.erasing import EraseBody, ErasureView, ask_again, erase, view_of
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Services

RESOURCE = "erasure"


@get("/", summary="Who was erased, and what vendors did", sync_to_thread=True)
def list_erasures(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[ErasureView]:
    """Newest first."""
    found, place = newest_first(services.control.erasures(), lambda one: (one.created_ms, one.id), cursor, limit)
    return page([view_of(one) for one in found], place)


@get("/{erasure_id:str}", summary="One erasure", sync_to_thread=True)
def get_erasure(*, services: Services, erasure_id: FromPath[str]) -> ErasureView:
    return view_of(services.control.erasure(erasure_id))


@post(
    "/",
    status_code=202,
    dto=Strict[EraseBody],
    return_dto=None,
    summary="Erase a person everywhere",
    sync_to_thread=True,
)
def create_erasure(*, services: Services, data: JSONBody[EraseBody], request: Caller) -> ErasureView:
    """At every vendor that has a call for it, and here: what came of them before is not sent and not shown any more,
    and what is known of them is forgotten. The log keeps its bytes until `retention_hours` are over.
    """
    with services.control.together():
        after_seconds = services.settings.erase_after_seconds
        made = erase(services, data, request.auth.name, after_seconds=after_seconds)
        tell(request, "created", RESOURCE, made.id)
    return view_of(made)


@post(
    "/{erasure_id:str}/retry",
    status_code=202,
    opt={"answers": (409,)},
    summary="Ask those vendors again that did not do it",
    sync_to_thread=True,
)
def retry_erasure(*, services: Services, erasure_id: FromPath[str], request: Caller) -> ErasureView:
    with services.control.together():
        again = ask_again(services, erasure_id)
        tell(request, "retried", RESOURCE, erasure_id)
    return view_of(again)


router = Router(
    "/v1/admin/erasures",
    route_handlers=[list_erasures, get_erasure, create_erasure, retry_erasure],
    tags=["Erasures"],
)
