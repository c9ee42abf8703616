"""`/integrations`: what is installed, how it stands, and what can be done about it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent

from datafly.management import installing
from datafly.management.allowing import require_addresses
from datafly.management.checking import check_one
from datafly.management.installing import AttachBody, reconfigure, reconfigured, switch
from datafly.management.names import take_names
from datafly.management.revising import Draft
from datafly.management.routes.caller import tell
from datafly.management.routes.integrations import RESOURCE, told
from datafly.management.routes.templates import delete_template
from datafly.management.services import Composed, Services
from datafly.management.spending import spending
from datafly.management.standings import Standings
from datafly.management.views.catalog import vendor_view
from datafly.management.views.event import LiveEvent
from datafly.management.views.installation import PipelineIntegration, TemplateView, template_view
from datafly.management.views.notices import notices_view
from datafly.management.views.script import UNKNOWN_GATEWAY
from datafly.management.web.first_event import first_delivered, withheld
from datafly.management.web.forms import Form, config_of, fields_of, problem_of, problems_of
from datafly.management.web.frame import draw, fragment, part, see
from datafly.management.web.streams import stream_of
from datafly.management.web.visit import ASKS, Visit, may_look
from datafly.model.errors import CallerError, Conflict, Invalid
from datafly.model.installation import Installation
from datafly.model.verdict import DEAD_LETTERS, Ruling

PLACE = "/integrations"


class Card(msgspec.Struct, frozen=True):
    """An installation as its card shows it; `trouble`: the newest event that it did not take."""

    view: PipelineIntegration
    pipeline: str
    vendor_name: str
    stage: str
    trouble: Ruling | None
    can_test: bool
    has_readiness: bool


@get("/integrations", sync_to_thread=True)
def mine(*, services: Services, request: Visit) -> Response[str]:
    standings = Standings(services)
    found = sorted(services.control.installations(), key=lambda one: one.created_ms, reverse=True)
    cards = [_card(services, standings, one) for one in found]
    uninstalled, pipelines = _uninstalled(services, found), services.control.pipelines()
    return draw(request, "integrations.html", place=PLACE, cards=cards, uninstalled=uninstalled, pipelines=pipelines)


@get("/integrations/{integration_id:str}", sync_to_thread=True)
def one(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Response[str]:
    installation = services.control.installation(integration_id)
    card = _card(services, Standings(services), installation)
    integration = services.catalog.get(installation.vendor)
    vendor = vendor_view(integration, 0)
    notices = notices_view(services.ledger.notices(integration_id))
    spent = spending(services, integration_id) if integration.spend else None
    drawn = _standing(request, card)
    values: dict[str, Any] = {"vendor": vendor, "notices": notices, "spent": spent, "drawn": drawn}
    return draw(request, "integration.html", place=PLACE, card=card, held_up=_is_held_up(card.view), **values)


@get("/integrations/{integration_id:str}/stream", sync_to_thread=True)
def follow_standing(*, services: Services, request: Visit, integration_id: FromPath[str]) -> ServerSentEvent:
    """Of one that is held up, until it goes on and nothing waits: whoever mended it sees that it helped."""
    services.control.installation(integration_id)

    def look() -> tuple[str, bool]:
        card = _card(services, Standings(services), services.control.installation(integration_id))
        return _standing(request, card), _is_held_up(card.view) or card.view.lag > 0

    return stream_of(services, look, lambda: may_look(services, request))


def _standing(request: Visit, card: Card) -> str:
    return part("integration_standing.html", card=card, who=request.auth)


def _is_held_up(view: PipelineIntegration) -> bool:
    return view.state.name in ("suspended", "backing_off")


@get("/integrations/{integration_id:str}/first-event", sync_to_thread=True)
def first_event(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Response[str]:
    installation = services.control.installation(integration_id)
    vendor = vendor_view(services.catalog.get(installation.vendor), 0)
    keys = [one.pipeline_key for one in services.control.pipelines() if one.id == installation.pipeline_id]
    text, _ = _first(services, integration_id)
    values: dict[str, Any] = {"name": installation.name, "id": integration_id, "drawn": text, "keys": keys}
    gateway = services.settings.gateway_url or UNKNOWN_GATEWAY
    return draw(request, "first_event.html", place=PLACE, vendor=vendor, gateway=gateway, **values)


@get("/integrations/{integration_id:str}/first-event/stream", sync_to_thread=True)
def follow_first_event(*, services: Services, request: Visit, integration_id: FromPath[str]) -> ServerSentEvent:
    services.control.installation(integration_id)
    return stream_of(services, lambda: _first(services, integration_id), lambda: may_look(services, request))


@get("/integrations/{integration_id:str}/settings", sync_to_thread=True)
def settings_form(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Response[str]:
    installation = installing.in_force(services, integration_id)
    return _form(services, request, installation, installation.revision.config, {})


@post("/integrations/{integration_id:str}/settings", sync_to_thread=True)
def change_settings(
    *, services: Services, request: Visit, integration_id: FromPath[str], form: Form
) -> Response[str] | Redirect:
    """A new revision, deployed here, unless somebody else changed it since the form was drawn."""
    before = installing.in_force(services, integration_id)
    integration = services.catalog.get(before.vendor)
    patch = config_of(integration, form, kept=True)
    tag = str(form.get("etag", "")) or None
    try:
        require_addresses(services, integration, patch, before.revision.config)
        with services.control.together():
            after = reconfigure(services, integration_id, Draft(config=patch), if_match=tag, by=request.auth)
            if after.revision.id != before.revision.id:
                tell(request, "changed", RESOURCE, integration_id, old=told(before), new=told(after))
    except (Invalid, Conflict) as error:
        problems = problems_of(integration, error.details) or {"": _stale(error)}
        given = {**patch, **{name: before.revision.config.get(name) for name in integration.secret_names()}}
        return _form(services, request, before, given, problems, status=error.status)
    if after.revision.id == before.revision.id:
        return see(f"/integrations/{integration_id}", "Nothing was changed.", "warn")
    return see(f"/integrations/{integration_id}", f"Saved as revision {after.revision.number}. It counts at once.")


@post("/integrations/{integration_id:str}/field", status_code=200, opt=ASKS, sync_to_thread=True)
def judge_field(*, services: Services, request: Visit, integration_id: FromPath[str], form: Form) -> Response[str]:
    integration = services.catalog.get(services.control.installation(integration_id).vendor)
    name = str(request.query_params.get("name", ""))
    problem = problem_of(integration, name, str(form.get(name, "")), kept=True)
    return fragment("field_problem.html", problem=problem)


@post("/integrations/{integration_id:str}/test", status_code=200, opt=ASKS)
async def test_connection(
    *, services: Services, request: Visit, integration_id: FromPath[str], form: Form
) -> Response[str]:
    """With what is typed in the form; from the page without one, as it is installed."""
    installation = installing.in_force(services, integration_id)
    integration = services.catalog.get(installation.vendor)
    try:
        if "etag" in form:
            patch = config_of(integration, form, kept=True)
            installation = reconfigured(services, integration_id, Draft(config=patch), by=request.auth)
        found = await check_one(services, installation)
    except CallerError as error:
        told = " ".join(problems_of(integration, error.details).values()) or error.message
        return fragment("tested.html", found=None, error=told)
    return fragment("tested.html", found=found, error="")


@post("/integrations/{integration_id:str}/names")
async def registered_names(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    taken = await take_names(services, integration_id, by=request.auth)
    if not taken.ok:
        return see(f"/integrations/{integration_id}", f"{taken.cause or taken.reason} {taken.cure or ''}", "bad")
    tell(request, "changed", RESOURCE, integration_id)
    return see(f"/integrations/{integration_id}", f"{len(taken.names)} registered names were read from the vendor.")


@post("/integrations/{integration_id:str}/pause", sync_to_thread=True)
def pause(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    return _switch(services, request, integration_id, "is paused: events wait, nothing is lost.", paused=True)


@post("/integrations/{integration_id:str}/resume", sync_to_thread=True)
def resume(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    return _switch(services, request, integration_id, "goes on with the events that waited.", paused=False)


@post("/integrations/{integration_id:str}/disable", sync_to_thread=True)
def disable(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    return _switch(services, request, integration_id, "is disabled: events that come are skipped.", enabled=False)


@post("/integrations/{integration_id:str}/enable", sync_to_thread=True)
def enable(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    return _switch(services, request, integration_id, "is enabled: events are sent again.", enabled=True)


@post("/integrations/{integration_id:str}/uninstall", sync_to_thread=True)
def uninstall(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Redirect:
    with services.control.together():
        removed = installing.uninstall(services, integration_id)
        tell(request, "removed", RESOURCE, integration_id, old=told(removed))
    return see("/integrations", f"{removed.name} is uninstalled. What was delivered stays on record.")


@post("/integrations/uninstalled/{template_id:str}/install", sync_to_thread=True)
def install_again(*, services: Services, request: Visit, template_id: FromPath[str], form: Form) -> Redirect:
    try:
        with services.control.together():
            body = AttachBody(integration_id=template_id, pipeline_id=str(form.get("pipeline", "")))
            made = installing.attach(services, body)
            tell(request, "created", RESOURCE, made.id, new=told(made))
    except (Conflict, Invalid) as error:
        return see("/integrations", error.message, "bad")
    return see(f"/integrations/{made.id}", f"{made.name} is installed again. What comes from now on is sent there.")


@post("/integrations/uninstalled/{template_id:str}/delete", sync_to_thread=True)
def delete_uninstalled(*, services: Services, request: Visit, template_id: FromPath[str]) -> Redirect:
    removed = delete_template(services, template_id, request)
    return see("/integrations", f"{removed.name} is deleted, and its settings. What was delivered stays on record.")


def _uninstalled(services: Composed, installed: Sequence[Installation]) -> list[tuple[TemplateView, str, str]]:
    """Newest first, with the name of the vendor, and the pipeline that it was on last."""
    was_on = {one.template.id: one.pipeline_id for one in services.control.installations(removed=True)}
    ids = {one.template.id for one in installed}
    names = {one.slug: one.name for one in services.catalog.all()}
    left = [one for one in reversed(services.control.templates()) if one.id not in ids]
    return [(template_view(one), names.get(one.vendor, one.vendor), was_on.get(one.id, "")) for one in left]


def _switch(services: Composed, request: Visit, integration_id: str, words: str, **changes: bool) -> Redirect:
    with services.control.together():
        before = services.control.installation(integration_id)
        changed = switch(services, integration_id, changes, if_match=None)
        tell(request, "changed", RESOURCE, integration_id, old=told(before), new=told(changed))
    back = str(request.query_params.get("back", ""))
    return see(f"/integrations/{integration_id}" if back != "cards" else "/integrations", f"{changed.name} {words}")


def _card(services: Composed, standings: Standings, installation: Installation) -> Card:
    pipelines = {one.id: one.name for one in services.control.pipelines()}
    integration = services.catalog.get(installation.vendor)
    refused = services.ledger.outcomes(installation_id=installation.id, verdicts=DEAD_LETTERS, limit=1)
    return Card(
        view=standings.of(installation),
        pipeline=pipelines.get(installation.pipeline_id, installation.pipeline_id),
        vendor_name=integration.name,
        stage=integration.stage,
        trouble=refused[0][1].ruling if refused else None,
        can_test=integration.check is not None,
        has_readiness=integration.readiness is not None,
    )


def _first(services: Composed, integration_id: str) -> tuple[str, bool]:
    """The piece of the page that waits, and whether it still does."""
    installation = services.control.installation(integration_id)
    found: LiveEvent | None = first_delivered(services, installation)
    view = Standings(services).of(installation)
    mine = (
        next((one for one in found.deliveries if one.pipeline_integration_id == integration_id), None)
        if found
        else None
    )
    why = [] if found else withheld(services, installation)
    return part("first_event_state.html", event=found, mine=mine, view=view, withheld=why), found is None


def _stale(error: CallerError) -> str:
    if error.code != "STALE":
        return error.message
    return "Somebody else changed these settings meanwhile. Open them again to see what is there now."


def _form(
    services: Composed,
    request: Visit,
    installation: Installation,
    given: dict[str, Any],
    problems: dict[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    integration = services.catalog.get(installation.vendor)
    return draw(
        request,
        "integration_settings.html",
        place=PLACE,
        status=status,
        id=installation.id,
        name=installation.name,
        vendor=vendor_view(integration, 0),
        etag=services.control.etag(installation),
        fields=fields_of(integration, given, problems, kept=True),
        problems=problems,
        can_test=integration.check is not None,
    )


ROUTES = (
    mine,
    one,
    first_event,
    follow_first_event,
    follow_standing,
    settings_form,
    change_settings,
    judge_field,
    test_connection,
    registered_names,
    pause,
    resume,
    disable,
    enable,
    uninstall,
    install_again,
    delete_uninstalled,
)
