"""`/v1/admin/pipelines/{pipeline_id}/keys`"""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from datafly.management.bodies import Strict
from datafly.management.paging import Page, page
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.pipeline import PipelineView, pipeline_view
from datafly.management.views.times import milliseconds_of, moment, moment_or_none
from datafly.model.errors import Invalid
from datafly.model.installation import Pipeline, PipelineKey


class KeyView(msgspec.Struct, frozen=True):
    """A key that the gateway takes, but for one that has expired. `id` null: the current one, which all pages show."""

    id: str | None
    pipeline_key: str
    current: bool
    replaced_at: datetime | None
    expires_at: datetime | None


class RotationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`former_expires_at` null: the key before is taken until it is revoked."""

    former_expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


@get("/{pipeline_id:str}/keys", summary="The keys of a pipeline, the current one first", sync_to_thread=True)
def list_keys(*, services: Services, pipeline_id: FromPath[str]) -> Page[KeyView]:
    pipeline = services.control.pipeline(pipeline_id)
    current = KeyView(id=None, pipeline_key=pipeline.pipeline_key, current=True, replaced_at=None, expires_at=None)
    return page([current, *former_keys(services, pipeline_id)], None)


@post(
    "/{pipeline_id:str}/keys",
    dto=Strict[RotationBody],
    return_dto=None,
    summary="Give a pipeline a new key",
    sync_to_thread=True,
)
def rotate_key(
    *,
    services: Services,
    pipeline_id: FromPath[str],
    data: JSONBody[RotationBody],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[PipelineView]:
    """The key before is taken beside it, until the time that is given or until it is revoked."""
    expires_ms = None if data.former_expires_at is None else milliseconds_of(data.former_expires_at)
    if expires_ms is not None and expires_ms <= services.clock.now_ms():
        says = "former_expires_at: this is over; name a time to come, or none and revoke the key."
        raise Invalid(says, field="former_expires_at")
    changed = renewed(services, request, pipeline_id, expires_ms, expected(if_match))
    return Response(pipeline_view(changed), headers=etag(services.control.etag(changed)), status_code=201)


@delete("/{pipeline_id:str}/keys/{key_id:str}", summary="Revoke a former key", sync_to_thread=True)
def revoke_key(*, services: Services, pipeline_id: FromPath[str], key_id: FromPath[str], request: Caller) -> None:
    """What is sent with it is refused from then on, within a fifth of a second."""
    revoked(services, request, pipeline_id, key_id)


def former_keys(services: Composed, pipeline_id: str) -> list[KeyView]:
    """The newest first."""
    return [
        KeyView(one.id, one.pipeline_key, False, moment(one.replaced_ms), moment_or_none(one.expires_ms))  # noqa: FBT003  a view
        for one in services.control.pipeline_keys()
        if one.pipeline_id == pipeline_id
    ]


def renewed(
    services: Composed, request: Caller, pipeline_id: str, expires_ms: int | None, if_match: str | None
) -> Pipeline:
    """By the API as by the page. `expires_ms`: until when the key before is taken; None: until it is revoked."""
    with services.control.together():
        before = services.control.pipeline(pipeline_id)
        changed = services.control.renew_key(pipeline_id, expires_ms=expires_ms, if_match=if_match)
        old, new = {"pipeline_key": before.pipeline_key}, {"pipeline_key": changed.pipeline_key}
        tell(request, "key_rotated", "pipeline", pipeline_id, old=old, new=new)
    return changed


def revoked(services: Composed, request: Caller, pipeline_id: str, key_id: str) -> PipelineKey:
    """What it was. Raises `NotFound`."""
    with services.control.together():
        services.control.pipeline(pipeline_id)
        gone = services.control.revoke_key(pipeline_id, key_id)
        tell(request, "key_revoked", "pipeline", pipeline_id, old={"pipeline_key": gone.pipeline_key})
    return gone


router = Router(
    "/v1/admin/pipelines",
    route_handlers=[list_keys, rotate_key, revoke_key],
    tags=["Pipelines"],
)
