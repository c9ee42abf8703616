"""`/v1/admin/integration-templates`"""

from typing import Final

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from datafly.management.allowing import require_addresses
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.revising import RevisionBody, add_revision, own_revision
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.installation import (
    RevisionView,
    TemplateChange,
    TemplateView,
    revision_view,
    template_view,
)
from datafly.model.installation import Template

RESOURCE: Final = "integration_template"


@get("/", summary="Integrations of the organisation, newest first", sync_to_thread=True)
def list_templates(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[TemplateView]:
    """Also those that are installed nowhere any more."""
    found, place = newest_first(services.control.templates(), lambda one: (one.created_ms, one.id), cursor, limit)
    return page([template_view(one) for one in found], place)


@get("/{template_id:str}", summary="One integration of the organisation", sync_to_thread=True)
def get_template(*, services: Services, template_id: FromPath[str]) -> Response[TemplateView]:
    return _answer(services, services.control.template(template_id))


@patch(
    "/{template_id:str}",
    dto=Strict[TemplateChange],
    return_dto=None,
    summary="Rename an integration of the organisation",
    sync_to_thread=True,
)
def change_template(
    *,
    services: Services,
    template_id: FromPath[str],
    data: JSONBody[TemplateChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[TemplateView]:
    """On all pipelines. What it does is in its revisions, which never change."""
    changes = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    with services.control.together():
        before = services.control.template(template_id)
        after = services.control.change_template(template_id, changes, if_match=expected(if_match))
        tell(request, "changed", RESOURCE, template_id, old=_told(before), new=_told(after))
    return _answer(services, after)


@delete("/{template_id:str}", summary="Delete an integration of the organisation", sync_to_thread=True)
def remove_template(
    *, services: Services, template_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> None:
    """One that is installed nowhere any more. Its revisions are gone with it, and what is secret in them for good; what
    was sent by it stays on record.
    """
    delete_template(services, template_id, request, if_match=expected(if_match))


@get("/{template_id:str}/revisions", summary="Its revisions, newest first", sync_to_thread=True)
def list_revisions(
    *, services: Services, template_id: FromPath[str], limit: Limit = 50, cursor: Cursor = None
) -> Page[RevisionView]:
    revisions = services.control.revisions(template_id)
    found, place = newest_first(revisions, lambda one: (one.number, one.id), cursor, limit)
    return page([revision_view(one) for one in found], place)


@get("/{template_id:str}/revisions/{revision_id:str}", summary="One revision", sync_to_thread=True)
def get_revision(*, services: Services, template_id: FromPath[str], revision_id: FromPath[str]) -> RevisionView:
    return revision_view(own_revision(services, template_id, revision_id))


@post(
    "/{template_id:str}/revisions",
    dto=Strict[RevisionBody],
    return_dto=None,
    summary="Make a revision",
    sync_to_thread=True,
)
def create_revision(
    *, services: Services, template_id: FromPath[str], data: JSONBody[RevisionBody], request: Caller
) -> RevisionView:
    """It is deployed nowhere: preview it, compare it, try it, or deploy it."""
    template, kept = services.control.template(template_id), services.control.latest_revision(template_id)
    require_addresses(services, services.catalog.get(template.vendor), data.config, kept.config)
    with services.control.together():
        made = add_revision(services, template_id, data, request.auth)
        tell(request, "created", "revision", made.id, new={"number": made.number, "summary": made.change_summary})
    return revision_view(made)


def delete_template(services: Composed, template_id: str, request: Caller, *, if_match: str | None = None) -> Template:
    """What it was. Raises `NotFound`; `Conflict` where it is installed."""
    with services.control.together():
        removed = services.control.remove_template(template_id, if_match=if_match)
        tell(request, "removed", RESOURCE, template_id, old=_told(removed))
    return removed


def _answer(services: Composed, template: Template) -> Response[TemplateView]:
    return Response(template_view(template), headers=etag(services.control.etag(template)))


def _told(template: Template) -> dict[str, str]:
    return {"name": template.name, "description": template.description}


router = Router(
    "/v1/admin/integration-templates",
    route_handlers=[
        list_templates,
        get_template,
        change_template,
        remove_template,
        list_revisions,
        get_revision,
        create_revision,
    ],
    tags=["Integration templates"],
)
