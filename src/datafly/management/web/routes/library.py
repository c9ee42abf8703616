"""`/integrations/library`: what can be installed, and the form that installs it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from datafly.management.allowing import require_addresses
from datafly.management.bodies import decode
from datafly.management.checking import check_one
from datafly.management.installing import InstallBody, Installed, install, provisional
from datafly.management.routes.caller import tell
from datafly.management.routes.integrations import RESOURCE, told
from datafly.management.services import Composed, Services
from datafly.management.views.catalog import Vendor, vendor_view
from datafly.management.web.forms import Form, config_of, fields_of, problem_of, problems_of
from datafly.management.web.frame import draw, fragment, see
from datafly.management.web.visit import ASKS, Visit
from datafly.model.errors import CallerError, Conflict, Invalid
from datafly.spec.integration import Integration

PLACE = "/integrations"


@get("/integrations/library", sync_to_thread=True)
def library(*, services: Services, request: Visit, q: FromQuery[str] = "") -> Response[str]:
    """By category, as the catalogue has them."""
    installed = Counter(one.vendor for one in services.control.installations())
    found = [one for one in services.catalog.all() if _fits(one, q)]
    categories: dict[str, list[Vendor]] = {}
    for one in sorted(found, key=lambda one: (one.category, one.name)):
        categories.setdefault(one.category, []).append(vendor_view(one, installed[one.slug]))
    return draw(request, "library.html", place=PLACE, categories=categories, q=q)


@get("/integrations/library/{vendor:str}/install", sync_to_thread=True)
def install_form(*, services: Services, request: Visit, vendor: FromPath[str]) -> Response[str]:
    return _form(services, request, services.catalog.get(vendor), {}, {})


@post("/integrations/library/{vendor:str}/install", sync_to_thread=True)
def install_it(*, services: Services, request: Visit, vendor: FromPath[str], form: Form) -> Response[str] | Redirect:
    integration = services.catalog.get(vendor)
    try:
        made = _installed(services, request, vendor, _body(services, integration, form))
    except (Invalid, Conflict) as error:
        problems = problems_of(integration, error.details) or _elsewhere(error)
        return _form(services, request, integration, form, problems, status=error.status)
    return see(f"/integrations/{made.installations[0].id}/first-event")


@post("/integrations/library/{vendor:str}/field", status_code=200, opt=ASKS, sync_to_thread=True)
def judge_field(*, services: Services, vendor: FromPath[str], name: FromQuery[str], form: Form) -> Response[str]:
    """What is wrong with the field that was just typed into."""
    integration = services.catalog.get(vendor)
    return fragment("field_problem.html", problem=problem_of(integration, name, str(form.get(name, ""))))


@post("/integrations/library/{vendor:str}/test", status_code=200, opt=ASKS)
async def test_connection(*, services: Services, vendor: FromPath[str], form: Form) -> Response[str]:
    integration = services.catalog.get(vendor)
    try:
        found = await check_one(
            services, provisional(services, vendor, _body(services, integration, form, named=False))
        )
    except CallerError as error:
        return fragment("tested.html", found=None, error=_told(integration, error))
    return fragment("tested.html", found=found, error="")


def _installed(services: Composed, request: Visit, vendor: str, body: InstallBody) -> Installed:
    require_addresses(services, services.catalog.get(vendor), body.config)
    with services.control.together():
        made = install(services, vendor, body, by=request.auth.name)
        for one in made.installations:
            tell(request, "created", RESOURCE, one.id, new=told(one))
    return made


def _elsewhere(error: CallerError) -> dict[str, str]:
    """What is wrong beside the vendor's settings, at the field that it is about."""
    if error.details.get("field") == "pipeline_ids":
        return {"pipeline_ids": "Choose the pipelines whose events it gets."}
    return {"name": error.message}


def _told(integration: Integration, error: CallerError) -> str:
    return " ".join(problems_of(integration, error.details).values()) or error.message


def _fits(integration: Integration, words: str) -> bool:
    said = f"{integration.name} {integration.category} {integration.summary}".lower()
    return all(word in said for word in words.lower().split())


def _body(services: Composed, integration: Integration, form: Any, *, named: bool = True) -> InstallBody:
    config = {name: value for name, value in config_of(integration, form).items() if value is not None}
    said: dict[str, Any] = {"config": config, "variant": str(form.get("variant", "default"))}
    said["delivery_mode"] = str(form.get("delivery_mode", integration.delivery_modes[0]))
    if named:
        said["name"] = str(form.get("name", "")).strip() or integration.name
        said["pipeline_ids"] = form.getall("pipeline_ids", []) or _only_pipeline(services)
    return decode(msgspec.json.encode(said), InstallBody)


def _only_pipeline(services: Composed) -> list[str]:
    known = services.control.pipelines()
    return [known[0].id] if len(known) == 1 else []


def _form(
    services: Composed,
    request: Visit,
    integration: Integration,
    form: Mapping[str, Any],
    problems: dict[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    given = config_of(integration, form)
    return draw(
        request,
        "install.html",
        place=PLACE,
        status=status,
        vendor=vendor_view(integration, 0),
        can_test=integration.check is not None,
        fields=fields_of(integration, given, problems),
        problems=problems,
        name=str(form.get("name", "")) or _free_name(services, integration),
        variant=str(form.get("variant", "default")),
        pipelines=services.control.pipelines(),
        chosen=form.getall("pipeline_ids", []) if hasattr(form, "getall") else [],
    )


def _free_name(services: Composed, integration: Integration) -> str:
    taken = {one.name for one in services.control.installations()}
    numbered = (f"{integration.name} {number}" for number in range(2, len(taken) + 3))
    return next(name for name in (integration.name, *numbered) if name not in taken)


ROUTES = (library, install_form, install_it, judge_field, test_connection)
