"""`…/preview` and `…/compare` of a pipeline integration, and `/v1/admin/comparisons`: drafts tried on real events."""

import asyncio
from functools import partial
from typing import Final

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from datafly.management.bodies import Strict
from datafly.management.comparing import CompareBody, ComparisonView, comparison_view, prepared
from datafly.management.previewing import PreviewBody, PreviewView, preview
from datafly.management.services import Services
from datafly.management.views.mapping import MappingView, mapping_view

_WAIT_SECONDS: Final = 2.0
"""What is done by then is answered at once."""


@get(
    "/{integration_id:str}/mapping", summary="What becomes of each event, and what may be changed", sync_to_thread=True
)
def get_mapping(*, services: Services, integration_id: FromPath[str]) -> MappingView:
    """With the overrides of the deployed revision; each value in the words of the mapping."""
    installation = services.control.installation(integration_id)
    return mapping_view(services.catalog.get(installation.vendor), installation)


@post(
    "/{integration_id:str}/preview",
    status_code=200,
    dto=Strict[PreviewBody],
    return_dto=None,
    summary="What one event would become",
)
async def preview_event(
    *, services: Services, integration_id: FromPath[str], data: JSONBody[PreviewBody]
) -> PreviewView:
    """By the deployed revision, another, or a draft of config and overrides. Nothing is sent to the vendor."""
    return await preview(services, integration_id, data)


@post(
    "/{integration_id:str}/compare",
    status_code=200,
    dto=Strict[CompareBody],
    return_dto=None,
    summary="What a revision would change for real events",
)
async def compare(*, services: Services, integration_id: FromPath[str], data: JSONBody[CompareBody]) -> ComparisonView:
    """Beside the deployed one, over the newest events. What takes longer than two seconds goes on: ask for it by id."""
    comparing = await asyncio.to_thread(prepared, services, integration_id, data)
    job = services.comparisons.begin(integration_id, data.events)
    await services.comparisons.carry_out(job, partial(comparing.carry_out, job), wait_seconds=_WAIT_SECONDS)
    return comparison_view(job)


@get("/{comparison_id:str}", summary="A comparison, with what is known of it so far", sync_to_thread=False)
def get_comparison(*, services: Services, comparison_id: FromPath[str]) -> ComparisonView:
    """The newest ones since the start of the process are kept."""
    return comparison_view(services.comparisons.get(comparison_id))


router = Router(
    "/v1/admin/pipeline-integrations",
    route_handlers=[get_mapping, preview_event, compare],
    tags=["Pipeline integrations"],
)
comparison_router = Router("/v1/admin/comparisons", route_handlers=[get_comparison], tags=["Pipeline integrations"])
