"""`/settings/pipelines/…/collector`: how a pipeline's d.js is built."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.bodies import decode
from datafly.management.routes.pipelines import save_pipeline
from datafly.management.services import Composed, Services
from datafly.management.views.script import JsBuilderChange, collector_view, merged
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.routes.pipelines import PLACE
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.errors import Conflict, Invalid

_NUMBERS = ("batch_size", "flush_interval_ms", "cookie_days")
_TEXTS = ("script_filename", "global_variable", "endpoint")
_FLAGS = ("auto_page", "debug")
_LABELS: Final = {
    "script_filename": "Name of the script",
    "global_variable": "Name on the window",
    "batch_size": "Events in one request at most",
    "flush_interval_ms": "Milliseconds after which fewer are sent",
    "cookie_days": "Days for which a visitor is known",
    "endpoint": "Where events are sent",
}
_SPOTS: Final = {name: Spot(name, label) for name, label in _LABELS.items()}
"""Field of the API → where it is in the form."""


@get(f"{PLACE}/{{pipeline_id:str}}/collector", sync_to_thread=True)
def collector(*, services: Services, request: Visit, pipeline_id: FromPath[str]) -> Response[str]:
    return _form(services, request, pipeline_id, {})


@post(f"{PLACE}/{{pipeline_id:str}}/collector", sync_to_thread=True)
def change(*, services: Services, request: Visit, pipeline_id: FromPath[str], form: Form) -> Response[str] | Redirect:
    try:
        said = decode(msgspec.json.encode(_said(form)), JsBuilderChange)
        save_pipeline(
            services,
            request,
            pipeline_id,
            lambda before: {"js_builder_config": merged(before.js_builder_config, said)},
            str(form.get("etag", "")) or None,
        )
    except (Invalid, Conflict) as error:
        return _form(services, request, pipeline_id, form, problem=slip_of(error, _SPOTS), status=error.status)
    return see(f"{PLACE}/{pipeline_id}/collector", "Saved. The gateway hands out the new script within a second.")


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
    kept = msgspec.structs.asdict(pipeline.js_builder_config)
    return draw(
        request,
        "collector.html",
        place=PLACE,
        status=status,
        pipeline=pipeline,
        etag=services.control.etag(pipeline),
        typed={name: str(typed.get(name, kept[name])) for name in (*_TEXTS, *_NUMBERS)},
        flags={name: typed.get(name) == "true" if typed else kept[name] for name in _FLAGS},
        tag=collector_view(pipeline, services.settings.gateway_url).tag,
        problem=problem,
    )


def _said(form: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: str(form.get(name, "")).strip() for name in (*_TEXTS, *_NUMBERS)}
    numbers = {name: _number(told[name]) for name in _NUMBERS}
    return told | numbers | {name: form.get(name) == "true" for name in _FLAGS}


def _number(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


ROUTES = (collector, change)
