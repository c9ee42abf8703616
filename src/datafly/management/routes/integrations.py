"""`/v1/admin/pipeline-integrations`"""

import asyncio
from typing import Any, Final

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from datafly.management import installing
from datafly.management.allowing import require_addresses
from datafly.management.bodies import Strict
from datafly.management.checking import CheckView, check
from datafly.management.installing import AttachBody, in_force, reconfigure, switch
from datafly.management.names import NamesView, take_names
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.readiness import readiness
from datafly.management.revising import Config, Draft, deploy
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.spending import spending
from datafly.management.standings import Standings
from datafly.management.views.installation import PipelineIntegration
from datafly.management.views.notices import NoticesView, notices_view
from datafly.management.views.readiness import ReadinessView
from datafly.management.views.spending import SpendingView
from datafly.model.errors import Invalid
from datafly.model.installation import Canary, Installation
from datafly.model.overrides import Overrides

Answer = Response[PipelineIntegration]
RESOURCE: Final = "pipeline_integration"


class InstallationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`config` changes the fields that it names: `***` leaves a secret as it is, null takes a field away. `overrides`
    replaces what is changed of the mapping. `revision_id` deploys a revision that there is, instead of a new one.
    """

    config: Config | UnsetType = UNSET
    overrides: Overrides | UnsetType = UNSET
    revision_id: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    paused: bool | UnsetType = UNSET


@get("/", summary="Installed integrations, newest first", sync_to_thread=True)
def list_integrations(
    *,
    services: Services,
    pipeline_id: FromQuery[str | None] = None,
    vendor: FromQuery[str | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PipelineIntegration]:
    fitting = [
        found
        for found in services.control.installations()
        if pipeline_id in {None, found.pipeline_id} and vendor in {None, found.vendor}
    ]
    found, place = newest_first(fitting, lambda one: (one.created_ms, one.id), cursor, limit)
    standings = Standings(services)
    return page([standings.of(installation) for installation in found], place)


@get("/{integration_id:str}", summary="One installed integration", sync_to_thread=True)
def get_integration(*, services: Services, integration_id: FromPath[str]) -> Answer:
    return _answer(services, services.control.installation(integration_id))


@post(
    "/",
    dto=Strict[AttachBody],
    return_dto=None,
    opt={"answers": (404,)},
    summary="Put an integration on another pipeline",
    sync_to_thread=True,
)
def attach_integration(*, services: Services, data: JSONBody[AttachBody], request: Caller) -> Answer:
    """With the config of one of its revisions; what `{{pipeline_param.KEY}}` names must be a parameter there."""
    with services.control.together():
        made = installing.attach(services, data)
        tell(request, "created", RESOURCE, made.id, new=told(made))
    return _answer(services, made, status_code=201)


@patch(
    "/{integration_id:str}",
    dto=Strict[InstallationChange],
    return_dto=None,
    summary="Change an installed integration",
    sync_to_thread=True,
)
def change_integration(
    *,
    services: Services,
    integration_id: FromPath[str],
    data: JSONBody[InstallationChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Answer:
    """A change of the config or the mapping makes a revision and deploys it here; it ends a canary."""
    kept = services.control.installation(integration_id)
    require_addresses(services, services.catalog.get(kept.vendor), data.config, kept.revision.config)
    with services.control.together():
        before = services.control.installation(integration_id)
        changed = _changed(services, integration_id, data, expected(if_match), request)
        tell(request, "changed", RESOURCE, integration_id, old=told(before), new=told(changed))
    return _answer(services, changed)


@post("/{integration_id:str}/enable", status_code=200, summary="Send events again", sync_to_thread=True)
def enable(*, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> Answer:
    """Those that came while it was disabled stay SKIPPED."""
    return _switch(services, integration_id, request, if_match, enabled=True)


@post("/{integration_id:str}/disable", status_code=200, summary="Skip events", sync_to_thread=True)
def disable(*, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> Answer:
    """Events that come meanwhile are SKIPPED `disabled`."""
    return _switch(services, integration_id, request, if_match, enabled=False)


@post("/{integration_id:str}/pause", status_code=200, summary="Hold events back", sync_to_thread=True)
def pause(*, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> Answer:
    """Events that come meanwhile wait."""
    return _switch(services, integration_id, request, if_match, paused=True)


@post("/{integration_id:str}/resume", status_code=200, summary="Go on after a pause", sync_to_thread=True)
def resume(*, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> Answer:
    return _switch(services, integration_id, request, if_match, paused=False)


@post("/{integration_id:str}/test", status_code=200, summary="Test the credentials", opt={"answers": (409,)})
async def test_credentials(*, services: Services, integration_id: FromPath[str]) -> CheckView:
    """Sends one request that only reads. An account may pass it and still be refused when events are sent."""
    return await check(services, integration_id)


@post("/{integration_id:str}/names", status_code=200, summary="Ask which names are registered", opt={"answers": (409,)})
async def registered_names(
    *, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> NamesView:
    """Asks the vendor, and puts what it tells into the config, as a new revision."""
    before = await asyncio.to_thread(services.control.installation, integration_id)
    taken = await take_names(services, integration_id, by=request.auth, if_match=expected(if_match))
    if taken.ok:
        await asyncio.to_thread(_tell_names, services, request, before)
    return taken


@get("/{integration_id:str}/warnings", summary="What the vendor would ignore, counted", sync_to_thread=True)
def warnings(*, services: Services, integration_id: FromPath[str]) -> NoticesView:
    """And where the vendor's answers contradict its own contract."""
    installation = services.control.installation(integration_id)
    return notices_view(services.ledger.notices(installation.id))


@get(
    "/{integration_id:str}/readiness",
    summary="Which standard events arrive, and what they are enough for",
    opt={"answers": (409,)},
    sync_to_thread=True,
)
def get_readiness(*, services: Services, integration_id: FromPath[str]) -> ReadinessView:
    """Events and parameters of the vendor's own that it took, and whether its segments have what they need."""
    return readiness(services, integration_id)


@get(
    "/{integration_id:str}/spending",
    summary="What is spent today at a vendor that bills by what it is told",
    opt={"answers": (409,)},
    sync_to_thread=True,
)
def get_spending(*, services: Services, integration_id: FromPath[str]) -> SpendingView:
    """By type of event, with what was spared, the cap of the day, and what each event is predicted to cost."""
    return spending(services, integration_id)


@delete("/{integration_id:str}", summary="Uninstall an integration", sync_to_thread=True)
def uninstall(*, services: Services, integration_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> None:
    """What still waits ends as SKIPPED `installation_removed`. Its name is free again."""
    with services.control.together():
        removed = installing.uninstall(services, integration_id, if_match=expected(if_match))
        tell(request, "removed", RESOURCE, integration_id, old=told(removed))


def told(installation: Installation) -> dict[str, Any]:
    """What the audit log compares: secrets are `Secret`, and masked there."""
    config = {f"config.{name}": value for name, value in installation.revision.config.items()}
    return config | {
        "name": installation.name,
        "revision_number": installation.revision.number,
        "overrides": msgspec.to_builtins(installation.revision.overrides),
        "canary": _shown(installation.canary),
        "enabled": installation.enabled,
        "paused": installation.paused,
    }


def _tell_names(services: Composed, request: Caller, before: Installation) -> None:
    after = services.control.installation(before.id)
    tell(request, "changed", RESOURCE, before.id, old=told(before), new=told(after))


def _shown(canary: Canary | None) -> dict[str, float] | None:
    return {"revision_number": canary.revision.number, "percent": canary.percent} if canary else None


def _switch(services: Composed, integration_id: str, request: Caller, if_match: str | None, **changes: bool) -> Answer:
    with services.control.together():
        before = services.control.installation(integration_id)
        changed = switch(services, integration_id, changes, if_match=expected(if_match))
        tell(request, "changed", RESOURCE, integration_id, old=told(before), new=told(changed))
    return _answer(services, changed)


def _changed(
    services: Composed, integration_id: str, data: InstallationChange, tag: str | None, request: Caller
) -> Installation:
    switches, draft = _switches(data), Draft(config=data.config, overrides=data.overrides)
    if isinstance(data.revision_id, str):
        if draft != Draft():
            says = "revision_id: deploys what there is; change config or overrides by a call of its own."
            raise Invalid(says, field="revision_id")
        changed = deploy(services, in_force(services, integration_id), data.revision_id, tag)
    elif draft != Draft():
        changed = reconfigure(services, integration_id, draft, if_match=tag, by=request.auth)
    else:
        return switch(services, integration_id, switches, if_match=tag)
    return switch(services, integration_id, switches, if_match=None) if switches else changed


def _switches(body: InstallationChange) -> dict[str, bool]:
    named = {"enabled": body.enabled, "paused": body.paused}
    return {name: value for name, value in named.items() if isinstance(value, bool)}


def _answer(services: Composed, installation: Installation, *, status_code: int = 200) -> Answer:
    shown = Standings(services).of(installation)
    return Response(shown, headers=etag(services.control.etag(installation)), status_code=status_code)


router = Router(
    "/v1/admin/pipeline-integrations",
    route_handlers=[
        list_integrations,
        get_integration,
        attach_integration,
        change_integration,
        enable,
        disable,
        pause,
        resume,
        test_credentials,
        registered_names,
        warnings,
        get_readiness,
        get_spending,
        uninstall,
    ],
    tags=["Pipeline integrations"],
)
