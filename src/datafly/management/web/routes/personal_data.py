"""`/settings/pipelines/…/personal-data`: what of a pipeline's events is taken out or hashed, and for whom."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.bodies import decode
from datafly.management.personal_data import personal_data
from datafly.management.routes.pipelines import save_pipeline
from datafly.management.services import Composed, Services
from datafly.management.views.pipeline import PipelineChange, pipeline_changes
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.routes.pipelines import PLACE
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.errors import Conflict, Invalid
from datafly.model.pii import PiiRules

_FIELDS: Final = ("redact_fields", "hash_fields")
_SPOTS: Final = {
    "pii_rules.redact_fields": Spot("redact_fields", "Take out"),
    "pii_rules.hash_fields": Spot("hash_fields", "Hash"),
}
"""Field of the API → where it is in the form."""


@get(f"{PLACE}/{{pipeline_id:str}}/personal-data", sync_to_thread=True)
def rules(*, services: Services, request: Visit, pipeline_id: FromPath[str]) -> Response[str]:
    return _form(services, request, pipeline_id, {})


@post(f"{PLACE}/{{pipeline_id:str}}/personal-data", sync_to_thread=True)
def change(*, services: Services, request: Visit, pipeline_id: FromPath[str], form: Form) -> Response[str] | Redirect:
    try:
        said = decode(msgspec.json.encode({"pii_rules": _said(services, form)}), PipelineChange)
        tag = str(form.get("etag", "")) or None
        save_pipeline(services, request, pipeline_id, lambda _: pipeline_changes(said), tag)
    except (Invalid, Conflict) as error:
        return _form(services, request, pipeline_id, form, problem=slip_of(error, _SPOTS), status=error.status)
    return see(f"{PLACE}/{pipeline_id}/personal-data", "Saved. It counts within a second, and for what waits.")


def _form(
    services: Composed,
    request: Visit,
    pipeline_id: str,
    typed: Mapping[str, Any],
    *,
    problem: Slip | None = None,
    status: int = 200,
) -> Response[str]:
    pipeline = services.control.pipeline(pipeline_id)
    kept: PiiRules = pipeline.pii_rules
    return draw(
        request,
        "personal_data.html",
        place=PLACE,
        status=status,
        pipeline=pipeline,
        etag=services.control.etag(pipeline),
        enabled=typed.get("enabled") == "true" if typed else kept.enabled,
        typed={name: str(typed.get(name, "\n".join(getattr(kept, name)))) for name in _FIELDS},
        raw_for={slug for slug in _vendors(services) if f"raw.{slug}" in typed} if typed else set(kept.raw_for),
        found=personal_data(services, pipeline),
        problem=problem,
    )


def _said(services: Composed, form: Mapping[str, Any]) -> dict[str, Any]:
    """A button beside a field that was found adds it to one of the lists."""
    lists = {name: str(form.get(name, "")).splitlines() for name in _FIELDS}
    name, _, field = str(form.get("add", "")).partition(":")
    if name in lists:
        lists = {one: [line for line in lines if line.strip() != field] for one, lines in lists.items()}
        lists[name].append(field)
    fields = {one: list(dict.fromkeys(line.strip() for line in lines if line.strip())) for one, lines in lists.items()}
    raw_for = [slug for slug in _vendors(services) if f"raw.{slug}" in form]
    return fields | {"enabled": form.get("enabled") == "true", "raw_for": raw_for}


def _vendors(services: Composed) -> list[str]:
    return [one.slug for one in services.catalog.all()]


ROUTES = (rules, change)
