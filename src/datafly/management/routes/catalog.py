"""`/v1/admin/integration-catalog`"""

import asyncio
from collections import Counter

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from datafly.management.allowing import require_addresses
from datafly.management.bodies import Strict
from datafly.management.checking import CheckView, check_one
from datafly.management.installing import InstallBody, install, provisional
from datafly.management.paging import Cursor, Limit, Page, decode_cursor, page
from datafly.management.previewing import FirstPreviewBody, PreviewView, preview_by
from datafly.management.routes.caller import Caller, tell
from datafly.management.routes.integrations import RESOURCE, told
from datafly.management.services import Composed, Services
from datafly.management.standings import Standings
from datafly.management.views.catalog import Vendor, vendor_view
from datafly.management.views.installation import (
    PipelineIntegration,
    RevisionView,
    TemplateView,
    revision_view,
    template_view,
)


class InstalledView(msgspec.Struct, frozen=True):
    """What was made: the reusable integration, its first revision, and where it is attached."""

    template: TemplateView
    revision: RevisionView
    pipeline_integrations: list[PipelineIntegration]


@get("/", summary="The integration library", sync_to_thread=True)
def list_vendors(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[Vendor]:
    """By key, ascending."""
    after = "" if cursor is None else decode_cursor(cursor, str)
    found = sorted((one for one in services.catalog.all() if one.slug > after), key=lambda one: one.slug)
    installed = _installed(services)
    shown = [vendor_view(one, installed[one.slug]) for one in found[:limit]]
    return page(shown, shown[-1].key if len(found) > limit else None)


@get("/{vendor:str}", summary="One vendor of the library", sync_to_thread=True)
def get_vendor(*, services: Services, vendor: FromPath[str]) -> Vendor:
    integration = services.catalog.get(vendor)
    return vendor_view(integration, _installed(services)[integration.slug])


@post(
    "/{vendor:str}/install",
    dto=Strict[InstallBody],
    return_dto=None,
    summary="Install an integration",
    sync_to_thread=True,
)
def install_vendor(
    *, services: Services, vendor: FromPath[str], data: JSONBody[InstallBody], request: Caller
) -> InstalledView:
    """It gets every event that comes from now on."""
    require_addresses(services, services.catalog.get(vendor), data.config)
    with services.control.together():
        made = install(services, vendor, data, by=request.auth.name)
        for installation in made.installations:
            tell(request, "created", RESOURCE, installation.id, new=told(installation))
    standings = Standings(services)
    return InstalledView(
        template=template_view(made.template),
        revision=revision_view(made.revision),
        pipeline_integrations=[standings.of(installation) for installation in made.installations],
    )


@post(
    "/{vendor:str}/test",
    dto=Strict[InstallBody],
    return_dto=None,
    status_code=200,
    opt={"answers": (409,)},
    summary="Test credentials before they are installed",
)
async def test_config(*, services: Services, vendor: FromPath[str], data: JSONBody[InstallBody]) -> CheckView:
    """Sends one request that only reads, with the config of the body; nothing is kept."""
    return await check_one(services, provisional(services, vendor, data))


@post(
    "/{vendor:str}/preview",
    dto=Strict[FirstPreviewBody],
    return_dto=None,
    status_code=200,
    summary="What one event would become, before anything is installed",
)
async def preview_vendor(*, services: Services, vendor: FromPath[str], data: JSONBody[FirstPreviewBody]) -> PreviewView:
    """Nothing is kept, and nothing is sent to the vendor."""
    return await preview_by(services, await asyncio.to_thread(provisional, services, vendor, data), data)


def _installed(services: Composed) -> Counter[str]:
    return Counter(installation.vendor for installation in services.control.installations())


router = Router(
    "/v1/admin/integration-catalog",
    route_handlers=[list_vendors, get_vendor, install_vendor, test_config, preview_vendor],
    tags=["Integration catalogue"],
)
