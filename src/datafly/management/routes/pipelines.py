"""`/v1/admin/pipelines`"""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.personal_data import PersonalDataView, personal_data, require_vendors
from datafly.management.revising import require_parameters_stay
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.pipeline import (
    PipelineBody,
    PipelineChange,
    PipelineView,
    new_pipeline,
    pipeline_changes,
    pipeline_view,
)
from datafly.model.installation import Pipeline


@get("/", summary="List pipelines", sync_to_thread=True)
def list_pipelines(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[PipelineView]:
    found, place = newest_first(services.control.pipelines(), lambda one: (one.created_ms, one.id), cursor, limit)
    return page([pipeline_view(pipeline) for pipeline in found], place)


@get("/{pipeline_id:str}", summary="One pipeline", sync_to_thread=True)
def get_pipeline(*, services: Services, pipeline_id: FromPath[str]) -> Response[PipelineView]:
    return _answer(services, services.control.pipeline(pipeline_id))


@post("/", dto=Strict[PipelineBody], return_dto=None, summary="Create a pipeline", sync_to_thread=True)
def create_pipeline(*, services: Services, data: JSONBody[PipelineBody], request: Caller) -> Response[PipelineView]:
    require_vendors(services.catalog, data.pii_rules)
    with services.control.together():
        created = services.control.create_pipeline(new_pipeline(data))
        tell(request, "created", "pipeline", created.id, new=told_of(created))
    return _answer(services, created, status_code=201)


@patch(
    "/{pipeline_id:str}",
    dto=Strict[PipelineChange],
    return_dto=None,
    summary="Change a pipeline",
    sync_to_thread=True,
)
def change_pipeline(
    *,
    services: Services,
    pipeline_id: FromPath[str],
    data: JSONBody[PipelineChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[PipelineView]:
    """Fields that are not named stay as they are."""
    changed = save_pipeline(services, request, pipeline_id, lambda _: pipeline_changes(data), expected(if_match))
    return _answer(services, changed)


@delete("/{pipeline_id:str}", summary="Remove a pipeline and what is installed on it", sync_to_thread=True)
def remove_pipeline(
    *, services: Services, pipeline_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> None:
    """Its keys are refused from then on. Events that it took are processed; those that still wait at an integration end
    as SKIPPED `installation_removed`. Its name is free again.
    """
    removed(services, request, pipeline_id, expected(if_match))


@get("/{pipeline_id:str}/personal-data", summary="What of its events looks like personal data", sync_to_thread=True)
def get_personal_data(*, services: Services, pipeline_id: FromPath[str]) -> PersonalDataView:
    """Of its newest 1,000 events; no values are told. Rules are changed with the pipeline (`pii_rules`)."""
    return personal_data(services, services.control.pipeline(pipeline_id))


def save_pipeline(
    services: Composed,
    request: Caller,
    pipeline_id: str,
    changes_of: Callable[[Pipeline], dict[str, Any]],
    if_match: str | None,
) -> Pipeline:
    """Checks, changes and tells it, by the API as by its pages. `changes_of`: what it is now → the fields that change.
    Raises `Invalid`, `Conflict`.
    """
    with services.control.together():
        before = services.control.pipeline(pipeline_id)
        changes = changes_of(before)
        require_vendors(services.catalog, changes.get("pii_rules"))
        if "parameters" in changes:
            require_parameters_stay(services, pipeline_id, changes["parameters"])
        changed = services.control.update_pipeline(pipeline_id, changes, if_match=if_match)
        tell(request, "changed", "pipeline", pipeline_id, old=told_of(before), new=told_of(changed))
    return changed


def removed(services: Composed, request: Caller, pipeline_id: str, if_match: str | None) -> Pipeline:
    """With what is installed on it, by the API as by its page; what it was. Raises `NotFound`."""
    removal = {"removed_ms": services.clock.now_ms(), "end": services.log.heads()}
    with services.control.together():
        for one in services.control.installations():
            if one.pipeline_id == pipeline_id:
                services.control.change_installation(one.id, removal)
                tell(request, "removed", "pipeline_integration", one.id, old={"name": one.name})
        gone = services.control.remove_pipeline(pipeline_id, if_match=if_match)
        tell(request, "removed", "pipeline", pipeline_id, old=told_of(gone))
    return gone


def told_of(pipeline: Pipeline) -> dict[str, Any]:
    told = msgspec.structs.asdict(pipeline)
    for part in ("js_builder_config", "pii_rules"):
        told |= {f"{part}.{name}": value for name, value in msgspec.structs.asdict(told.pop(part)).items()}
    return {name: value for name, value in told.items() if name not in {"id", "created_ms", "updated_ms"}}


def _answer(services: Composed, pipeline: Pipeline, *, status_code: int = 200) -> Response[PipelineView]:
    return Response(pipeline_view(pipeline), headers=etag(services.control.etag(pipeline)), status_code=status_code)


router = Router(
    "/v1/admin/pipelines",
    route_handlers=[
        list_pipelines,
        get_pipeline,
        create_pipeline,
        change_pipeline,
        remove_pipeline,
        get_personal_data,
    ],
    tags=["Pipelines"],
)
