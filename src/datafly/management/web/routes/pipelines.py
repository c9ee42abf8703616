"""`/settings/pipelines`: where events come in."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.bodies import decode
from datafly.management.routes.caller import tell
from datafly.management.routes.pipeline_keys import former_keys
from datafly.management.routes.pipelines import removed, save_pipeline, told_of
from datafly.management.services import Composed, Services
from datafly.management.views.intake import intake_view, refused_event
from datafly.management.views.pipeline import (
    PipelineBody,
    PipelineChange,
    new_pipeline,
    pipeline_changes,
    pipeline_view,
)
from datafly.management.views.script import UNKNOWN_GATEWAY
from datafly.management.web.forms import Form, lines, pairs
from datafly.management.web.frame import draw, see
from datafly.management.web.senders import SENDERS, signing_shown, sources_shown
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.consent import CATEGORIES
from datafly.model.errors import Conflict, Invalid

PLACE: Final = "/settings/pipelines"
_CONSENT: Final = {"granted": True, "denied": False}
_SPOTS: Final = {
    "name": Spot("name", "Name"),
    "domain_allowlist": Spot("origins", "Pages that may send"),
    "rate_limit_rps": Spot("rate", "Requests a second at most"),
    "parameters": Spot("parameters", "Parameters"),
}
"""Field of the API → where it is in the form."""


@get(PLACE, sync_to_thread=True)
def pipelines(*, services: Services, request: Visit) -> Response[str]:
    found = sorted(services.control.pipelines(), key=lambda one: one.created_ms)
    views = [pipeline_view(one) for one in found]
    return draw(request, "pipelines.html", place=PLACE, pipelines=views, problem="", name="")


@post(PLACE, sync_to_thread=True)
def create(*, services: Services, request: Visit, form: Form) -> Response[str] | Redirect:
    name = str(form.get("name", "")).strip()
    try:
        with services.control.together():
            made = services.control.create_pipeline(new_pipeline(_decoded({"name": name}, PipelineBody)))
            tell(request, "created", "pipeline", made.id, new=told_of(made))
    except (Invalid, Conflict) as error:
        views = [pipeline_view(one) for one in services.control.pipelines()]
        return draw(
            request,
            "pipelines.html",
            place=PLACE,
            status=error.status,
            pipelines=views,
            problem=slip_of(error, _SPOTS).says,
            name=name,
        )
    return see(f"{PLACE}/{made.id}", f"{made.name} is made.")


@get(f"{PLACE}/{{pipeline_id:str}}", sync_to_thread=True)
def one(*, services: Services, request: Visit, pipeline_id: FromPath[str]) -> Response[str]:
    return pipeline_page(services, request, pipeline_id, {})


@post(f"{PLACE}/{{pipeline_id:str}}", sync_to_thread=True)
def change(*, services: Services, request: Visit, pipeline_id: FromPath[str], form: Form) -> Response[str] | Redirect:
    try:
        changes = pipeline_changes(_decoded(_said(form), PipelineChange))
        tag = str(form.get("etag", "")) or None
        changed = save_pipeline(services, request, pipeline_id, lambda _: changes, tag)
    except (Invalid, Conflict) as error:
        return pipeline_page(services, request, pipeline_id, form, problem=slip_of(error, _SPOTS), status=error.status)
    return see(f"{PLACE}/{pipeline_id}", f"{changed.name} is saved. It counts within a second.")


@post(f"{PLACE}/{{pipeline_id:str}}/remove", sync_to_thread=True)
def remove(*, services: Services, request: Visit, pipeline_id: FromPath[str]) -> Redirect:
    gone = removed(services, request, pipeline_id, None)
    return see(PLACE, f"{gone.name} is removed. Its keys are refused from now on.")


def pipeline_page(
    services: Composed,
    request: Visit,
    pipeline_id: str,
    typed: Mapping[str, Any],
    *,
    problem: Slip | None = None,
    secret: str = "",
    status: int = 200,
) -> Response[str]:
    """`typed`: what a form says that was not saved. `secret`: the one that signs, just made."""
    pipeline = services.control.pipeline(pipeline_id)
    view = pipeline_view(pipeline)
    shown = {
        "name": view.name,
        "origins": "\n".join(view.domain_allowlist),
        "rate": str(view.rate_limit_rps),
        "parameters": "\n".join(f"{name}={value}" for name, value in view.parameters.items()),
    }
    consents = {one: typed.get(f"consent.{one}", _worded(view.consent_defaults.get(one))) for one in CATEGORIES}
    return draw(
        request,
        "pipeline.html",
        place=PLACE,
        status=status,
        pipeline=view,
        etag=services.control.etag(pipeline),
        typed={name: str(typed.get(name, value)) for name, value in shown.items()},
        consents=consents,
        problem=problem,
        gateway=services.settings.gateway_url or UNKNOWN_GATEWAY,
        former=former_keys(services, pipeline_id),
        signing=signing_shown(services, pipeline_id, secret),
        sources=sources_shown(services, pipeline_id),
        senders=SENDERS,
        installed=[found.name for found in services.control.installations() if found.pipeline_id == pipeline_id],
        refused=[refused_event(row_id, one) for row_id, one in services.intake.refusals(pipeline_id, limit=25)],
        totals=intake_view(pipeline_id, "hour", 0, [], services.intake.totals(pipeline_id)).totals,
    )


def _said(form: Mapping[str, Any]) -> dict[str, Any]:
    """Raises `Invalid` where a line of the parameters has no name."""
    rate = str(form.get("rate", "0")).strip() or "0"
    consents = {one: _CONSENT[said] for one in CATEGORIES if (said := str(form.get(f"consent.{one}", ""))) in _CONSENT}
    return {
        "name": str(form.get("name", "")).strip(),
        "domain_allowlist": lines(form, "origins"),
        "rate_limit_rps": int(rate) if re.fullmatch(r"-?[0-9]{1,15}", rate) else rate,
        "consent_defaults": consents,
        "parameters": pairs(form, "parameters", "NAME=value"),
        "enabled": str(form.get("enabled", "")) == "true",
    }


def _worded(said: bool | None) -> str:  # noqa: FBT001 - a value, no switch
    return "" if said is None else "granted" if said else "denied"


def _decoded(said: dict[str, Any], model: Any) -> Any:
    return decode(msgspec.json.encode(said), model)


ROUTES = (pipelines, create, one, change, remove)
