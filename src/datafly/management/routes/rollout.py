"""`/v1/admin/pipeline-integrations/{id}/canary…` and `…/rollback`: which revision sends, and for whom."""

from collections.abc import Callable

from litestar import Response, Router, post
from litestar.params import FromPath, JSONBody

from datafly.management.bodies import Strict
from datafly.management.installing import in_force
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.revising import CanaryBody, RollbackBody, drop, promote, roll_back, try_out
from datafly.management.routes.caller import Caller, tell
from datafly.management.routes.integrations import RESOURCE, told
from datafly.management.services import Composed, Services
from datafly.management.standings import Standings
from datafly.management.views.installation import PipelineIntegration
from datafly.model.installation import Installation

Answer = Response[PipelineIntegration]


@post(
    "/{integration_id:str}/canary",
    status_code=200,
    dto=Strict[CanaryBody],
    return_dto=None,
    summary="Try a revision for a share of the users",
    sync_to_thread=True,
)
def start_canary(
    *,
    services: Services,
    integration_id: FromPath[str],
    data: JSONBody[CanaryBody],
    request: Caller,
    if_match: IfMatch = None,
) -> Answer:
    """Who belongs to it is told by a hash of the key: events of one user go by one revision. Also changes the share."""
    return _done(
        services,
        integration_id,
        request,
        "canary_started",
        lambda before: try_out(services, before, data, expected(if_match)),
    )


@post("/{integration_id:str}/canary/promote", status_code=200, summary="Deploy what is tried", sync_to_thread=True)
def promote_canary(
    *, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> Answer:
    return _done(
        services,
        integration_id,
        request,
        "canary_promoted",
        lambda before: promote(services, before, expected(if_match)),
    )


@post("/{integration_id:str}/canary/drop", status_code=200, summary="Try it no more", sync_to_thread=True)
def drop_canary(
    *, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> Answer:
    """All events go by the deployed revision again."""
    return _done(
        services,
        integration_id,
        request,
        "canary_dropped",
        lambda before: drop(services, before, expected(if_match)),
    )


@post(
    "/{integration_id:str}/rollback",
    status_code=200,
    dto=Strict[RollbackBody],
    return_dto=None,
    summary="Deploy an earlier revision",
    sync_to_thread=True,
)
def rollback(
    *,
    services: Services,
    integration_id: FromPath[str],
    data: JSONBody[RollbackBody],
    request: Caller,
    if_match: IfMatch = None,
) -> Answer:
    """That which was deployed before, unless another is named. It ends a canary."""
    return _done(
        services,
        integration_id,
        request,
        "rolled_back",
        lambda before: roll_back(services, before, data, expected(if_match)),
    )


def _done(
    services: Composed,
    integration_id: str,
    request: Caller,
    action: str,
    change: Callable[[Installation], Installation],
) -> Answer:
    """The change, and who made it, in one."""
    with services.control.together():
        before = in_force(services, integration_id)
        changed = change(before)
        tell(request, action, RESOURCE, integration_id, old=told(before), new=told(changed))
    shown = Standings(services).of(changed)
    return Response(shown, headers=etag(services.control.etag(changed)))


router = Router(
    "/v1/admin/pipeline-integrations",
    route_handlers=[start_canary, promote_canary, drop_canary, rollback],
    tags=["Pipeline integrations"],
)
