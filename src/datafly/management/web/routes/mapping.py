"""`/integrations/{id}/mapping`: what becomes of each event, changed as a draft, tried, published and taken back."""

import asyncio
from functools import partial
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.bodies import decode
from datafly.management.comparing import CompareBody, comparison_view, prepared
from datafly.management.installing import in_force, reconfigure
from datafly.management.previewing import PreviewBody, preview
from datafly.management.revising import Draft, RollbackBody, roll_back
from datafly.management.routes.caller import tell
from datafly.management.routes.integrations import RESOURCE, told
from datafly.management.services import Composed, Services
from datafly.management.views.installation import revision_view
from datafly.management.views.mapping import mapping_view
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, fragment, see
from datafly.management.web.visit import ASKS, Visit
from datafly.model.errors import CallerError
from datafly.model.overrides import EventOverride, Overrides

_WAIT_SECONDS = 20.0
_PATH = "/integrations/{integration_id:str}/mapping"


@get(_PATH, sync_to_thread=True)
def mapping(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Response[str]:
    return _page(services, request, integration_id)


@post(f"{_PATH}/preview", status_code=200, opt=ASKS)
async def preview_event(*, services: Services, integration_id: FromPath[str], form: Form) -> Response[str]:
    """What one event would become with the draft; nothing is sent."""
    try:
        body = PreviewBody(overrides=_said(form), message_id=str(form.get("message", "")).strip())
        found = await preview(services, integration_id, body)
    except CallerError as error:
        return fragment("mapping_tried.html", found=None, compared=None, error=error.message)
    return fragment("mapping_tried.html", found=found, compared=None, error="")


@post(f"{_PATH}/compare", status_code=200, opt=ASKS)
async def compare(*, services: Services, integration_id: FromPath[str], form: Form) -> Response[str]:
    """What the draft would change for the newest thousand events."""
    try:
        body = CompareBody(overrides=_said(form))
        comparing = await asyncio.to_thread(prepared, services, integration_id, body)
        job = services.comparisons.begin(integration_id, body.events)
        await services.comparisons.carry_out(job, partial(comparing.carry_out, job), wait_seconds=_WAIT_SECONDS)
    except CallerError as error:
        return fragment("mapping_tried.html", found=None, compared=None, error=error.message)
    return fragment("mapping_tried.html", found=None, compared=comparison_view(job), error="")


@post(f"{_PATH}/publish", sync_to_thread=True)
def publish(
    *, services: Services, request: Visit, integration_id: FromPath[str], form: Form
) -> Response[str] | Redirect:
    """A new revision, deployed here at once."""
    tag = str(form.get("etag", "")) or None
    try:
        overrides = _said(form)
        with services.control.together():
            before = in_force(services, integration_id)
            draft = Draft(overrides=overrides)
            after = reconfigure(services, integration_id, draft, if_match=tag, by=request.auth)
            tell(request, "changed", RESOURCE, integration_id, old=told(before), new=told(after))
    except CallerError as error:
        problem, text = error.message, str(form.get("overrides", ""))
        return _page(services, request, integration_id, text=text, problem=problem, status=error.status)
    if after.revision.id == before.revision.id:
        return see(f"/integrations/{integration_id}/mapping", "Nothing was changed.", "warn")
    number = after.revision.number
    return see(f"/integrations/{integration_id}/mapping", f"Published as revision {number}. It counts at once.")


@post(f"{_PATH}/roll-back/{{revision_id:str}}", sync_to_thread=True)
def roll_back_to(
    *, services: Services, request: Visit, integration_id: FromPath[str], revision_id: FromPath[str]
) -> Redirect:
    with services.control.together():
        before = in_force(services, integration_id)
        after = roll_back(services, before, RollbackBody(revision_id=revision_id), None)
        tell(request, "rolled_back", RESOURCE, integration_id, old=told(before), new=told(after))
    number = after.revision.number
    return see(f"/integrations/{integration_id}/mapping", f"Revision {number} is deployed again. It counts at once.")


def _said(form: Any) -> Overrides:
    """The overrides as they were typed, with what the form's three plain fields say of one event. Raises `Invalid`."""
    overrides = decode(str(form.get("overrides", "")).strip().encode() or b"{}", Overrides)
    event, sent, name = (str(form.get(field, "")).strip() for field in ("event", "sent", "vendor_name"))
    if not event or (not sent and not name):
        return overrides
    known = overrides.events.get(event, EventOverride())
    changed = msgspec.structs.replace(
        known,
        enabled=known.enabled if not sent else sent == "yes",
        vendor_event_name=name or known.vendor_event_name,
    )
    return msgspec.structs.replace(overrides, events={**overrides.events, event: changed})


def _page(
    services: Composed, request: Visit, integration_id: str, *, text: str = "", problem: str = "", status: int = 200
) -> Response[str]:
    installation = services.control.installation(integration_id)
    overrides = msgspec.json.encode(installation.revision.overrides)
    revisions = sorted(services.control.revisions(installation.template.id), key=lambda one: -one.number)
    return draw(
        request,
        "mapping.html",
        place="/integrations",
        status=status,
        id=integration_id,
        name=installation.name,
        view=mapping_view(services.catalog.get(installation.vendor), installation),
        etag=services.control.etag(installation),
        text=text or msgspec.json.format(overrides).decode(),
        problem=problem,
        revisions=[revision_view(one) for one in revisions[:20]],
        deployed=installation.revision.id,
    )


ROUTES = (mapping, preview_event, compare, publish, roll_back_to)
