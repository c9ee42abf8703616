"""`/integrations/{id}/mapping`: what becomes of each event, changed as a draft, tried, published and taken back."""

import asyncio
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from datafly.management.bodies import decode
from datafly.management.comparing import CompareBody, comparison_view, prepared
from datafly.management.faring import faring
from datafly.management.installing import in_force, reconfigure
from datafly.management.previewing import PreviewBody, preview
from datafly.management.revising import (
    CanaryBody,
    Draft,
    RevisionBody,
    RollbackBody,
    add_revision,
    draft_of,
    drop,
    promote,
    roll_back,
    try_out,
)
from datafly.management.routes.caller import tell
from datafly.management.routes.integrations import RESOURCE, told
from datafly.management.search import Filters, event_at, fits
from datafly.management.services import Composed, Services
from datafly.management.views.installation import revision_view
from datafly.management.views.mapping import mapping_view
from datafly.management.views.times import moment
from datafly.management.web import drafting
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, fragment, see
from datafly.management.web.visit import ASKS, PIECE, Visit
from datafly.model.errors import CallerError, Invalid
from datafly.model.event import Event
from datafly.model.installation import Installation
from datafly.model.overrides import Overrides

_WAIT_SECONDS = 20.0
_RECENT = 20
_PATH = "/integrations/{integration_id:str}/mapping"


@get(_PATH, sync_to_thread=True)
def mapping(
    *,
    services: Services,
    request: Visit,
    integration_id: FromPath[str],
    event: FromQuery[str] = "",
    message: FromQuery[str] = "",
) -> Response[str]:
    """`event`, `message`: what the draft is to be about, and the event to try it with."""
    return _page(services, request, integration_id, event=event, message=message)


@post(f"{_PATH}/preview", status_code=200, opt=ASKS)
async def preview_event(*, services: Services, integration_id: FromPath[str], form: Form) -> Response[str]:
    """What one event would become with the draft; nothing is sent."""
    try:
        found = await preview(services, integration_id, _tried_with(form))
    except CallerError as error:
        return fragment("mapping_tried.html", found=None, compared=None, error=drafting.in_words(error.message))
    return fragment("mapping_tried.html", found=found, compared=None, error="")


@post(f"{_PATH}/compare", status_code=200, opt=ASKS)
async def compare(*, services: Services, integration_id: FromPath[str], form: Form) -> Response[str]:
    """What the draft would change for the newest thousand events."""
    try:
        body = CompareBody(overrides=drafting.drafted(form))
        comparing = await asyncio.to_thread(prepared, services, integration_id, body)
        job = services.comparisons.begin(integration_id, body.events)
        await services.comparisons.carry_out(job, partial(comparing.carry_out, job), wait_seconds=_WAIT_SECONDS)
    except CallerError as error:
        return fragment("mapping_tried.html", found=None, compared=None, error=drafting.in_words(error.message))
    return fragment("mapping_tried.html", found=None, compared=comparison_view(job), error="")


@post(f"{_PATH}/publish", sync_to_thread=True)
def publish(
    *, services: Services, request: Visit, integration_id: FromPath[str], form: Form
) -> Response[str] | Redirect:
    """A new revision, deployed here at once."""
    try:
        overrides = drafting.drafted(form)
        with services.control.together():
            before = in_force(services, integration_id)
            after = reconfigure(
                services, integration_id, Draft(overrides=overrides), if_match=_tag(form), by=request.auth
            )
            tell(request, "changed", RESOURCE, integration_id, old=told(before), new=told(after))
    except CallerError as error:
        return _page(services, request, integration_id, form=form, problem=error.message, status=error.status)
    if after.revision.id == before.revision.id:
        return see(f"/integrations/{integration_id}/mapping", "Nothing was changed.", "warn")
    number = after.revision.number
    return see(f"/integrations/{integration_id}/mapping", f"Published as revision {number}. It counts at once.")


@post(f"{_PATH}/draft", status_code=200, opt=ASKS, sync_to_thread=True)
def change_draft(*, services: Services, request: Visit, integration_id: FromPath[str], form: Form) -> Response[str]:
    """The draft with one entry more, or one less (`take_out`: its number). Nothing is kept but on the page."""
    try:
        if form.get("take_out"):
            overrides = _taken_out(form)
        else:
            overrides = drafting.drafted(form)
            draft_of(services, in_force(services, integration_id), Draft(overrides=overrides))
    except CallerError as error:
        return _page(services, request, integration_id, form=form, problem=error.message, status=error.status)
    kept = {name: str(form.get(name, "")) for name in ("etag", "message", "pasted")}
    return _page(services, request, integration_id, form={**kept, "overrides": drafting.shown(overrides)})


@post(f"{_PATH}/try", sync_to_thread=True)
def try_draft(
    *, services: Services, request: Visit, integration_id: FromPath[str], form: Form
) -> Response[str] | Redirect:
    """As a revision of its own, for a share of the users; the others go by what is deployed."""
    try:
        percent, overrides = _percent(form), drafting.drafted(form)
        with services.control.together():
            before = in_force(services, integration_id)
            body = RevisionBody(revision_id=before.revision.id, overrides=overrides)
            revision = add_revision(services, before.template.id, body, request.auth)
            after = try_out(services, before, CanaryBody(revision_id=revision.id, percent=percent), _tag(form))
            tell(request, "canary_started", RESOURCE, integration_id, old=told(before), new=told(after))
    except CallerError as error:
        return _page(services, request, integration_id, form=form, problem=error.message, status=error.status)
    return _tried_now(integration_id, after)


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


@post(f"{_PATH}/canary", sync_to_thread=True)
def set_canary(*, services: Services, request: Visit, integration_id: FromPath[str], form: Form) -> Redirect:
    """A revision that is there (`revision_id`), or the one that is tried already, for so many percent of the users."""
    with services.control.together():
        before = in_force(services, integration_id)
        revision_id = str(form.get("revision_id", "")) or (before.canary.revision.id if before.canary else "")
        after = try_out(services, before, CanaryBody(revision_id=revision_id, percent=_percent(form)), None)
        tell(request, "canary_started", RESOURCE, integration_id, old=told(before), new=told(after))
    return _tried_now(integration_id, after)


@post(f"{_PATH}/canary/publish", sync_to_thread=True)
def publish_canary(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    with services.control.together():
        before = in_force(services, integration_id)
        after = promote(services, before, None)
        tell(request, "canary_promoted", RESOURCE, integration_id, old=told(before), new=told(after))
    number = after.revision.number
    return see(f"/integrations/{integration_id}/mapping", f"Revision {number} is published: it counts for everybody.")


@post(f"{_PATH}/canary/stop", sync_to_thread=True)
def stop_canary(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    with services.control.together():
        before = in_force(services, integration_id)
        after = drop(services, before, None)
        tell(request, "canary_dropped", RESOURCE, integration_id, old=told(before), new=told(after))
    number = after.revision.number
    return see(f"/integrations/{integration_id}/mapping", f"It is tried no more: everybody goes by revision {number}.")


@get(f"{_PATH}/canary", opt=PIECE, sync_to_thread=True)
def canary(*, services: Services, integration_id: FromPath[str]) -> Response[str]:
    """A piece of the page, which does not wait for it: it looks through the newest events."""
    installation = in_force(services, integration_id)
    found = faring(services, installation, installation.canary) if installation.canary else None
    since = moment(found.since_ms) if found else None
    return fragment("canary_fares.html", found=found, since=since)


def _tried_now(integration_id: str, installation: Installation) -> Redirect:
    tried = installation.canary
    words = f"Revision {tried.revision.number} is tried for {tried.percent:g} % of the users." if tried else ""
    return see(f"/integrations/{integration_id}/mapping", words)


def _percent(form: Any) -> float:
    try:
        percent = float(str(form.get("percent", "")))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise Invalid("The share of the users is a number above 0, up to 100 percent.", field="percent")
    return percent


def _tag(form: Any) -> str | None:
    return str(form.get("etag", "")) or None


def _tried_with(form: Any) -> PreviewBody:
    """The draft, and the event that is pasted, else the one whose message id is given. Raises `Invalid`."""
    overrides, pasted = drafting.drafted(form), str(form.get("pasted", "")).strip()
    if pasted:
        return PreviewBody(overrides=overrides, event=decode(pasted.encode(), dict[str, Any]))
    message_id = str(form.get("message", "")).strip()
    if not message_id:
        raise Invalid("Choose a recent event, give a message id, or paste an event.", field="message_id")
    return PreviewBody(overrides=overrides, message_id=message_id)


def _taken_out(form: Any) -> Overrides:
    overrides = drafting.drafted({"overrides": form.get("overrides", "")})
    numbered = dict(enumerate(drafting.entries(overrides)))
    entry = next((one for number, one in numbered.items() if str(number) == form.get("take_out")), None)
    return drafting.without(overrides, entry) if entry else overrides


def _page(
    services: Composed,
    request: Visit,
    integration_id: str,
    *,
    form: Mapping[str, Any] | None = None,
    event: str = "",
    message: str = "",
    problem: str = "",
    status: int = 200,
) -> Response[str]:
    installation = services.control.installation(integration_id)
    revisions = sorted(services.control.revisions(installation.template.id), key=lambda one: -one.number)
    text = str(form.get("overrides", "")) if form else drafting.shown(installation.revision.overrides)
    draft = _readable(text)
    typed = drafting.typed(form if form and problem else {"event": event})
    return draw(
        request,
        "mapping.html",
        place="/integrations",
        status=status,
        id=integration_id,
        name=installation.name,
        view=mapping_view(services.catalog.get(installation.vendor), installation),
        etag=form.get("etag", "") if form else services.control.etag(installation),
        text=text,
        entries=drafting.entries(draft) if draft else [],
        differs=draft != installation.revision.overrides,
        typed=typed,
        problem=drafting.in_words(problem),
        message=str(form.get("message", "")) if form else message,
        pasted=str(form.get("pasted", "")) if form else "",
        recent=_recent(services, installation),
        revisions=[revision_view(one) for one in revisions[:20]],
        deployed=installation.revision.id,
        tried=installation.canary,
    )


def _readable(text: str) -> Overrides | None:
    try:
        return decode(text.strip().encode() or b"{}", Overrides)
    except CallerError:
        return None


def _recent(services: Composed, installation: Installation) -> list[Event]:
    """Some to choose from."""
    newest = islice(services.log.newest(services.log.heads()), 10 * _RECENT)
    wanted = Filters(pipeline_id=installation.pipeline_id)
    events = (event_at(place) for place in newest if fits(place, wanted))
    return list(islice((event for event in events if event), _RECENT))


ROUTES = (
    mapping,
    preview_event,
    compare,
    publish,
    change_draft,
    try_draft,
    roll_back_to,
    set_canary,
    publish_canary,
    stop_canary,
    canary,
)
