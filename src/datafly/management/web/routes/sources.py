"""`/settings/pipelines/…/sources`: other products whose webhooks become events of a pipeline."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from datafly.management import sourcing
from datafly.management.bodies import decode
from datafly.management.routes.sources import changed, created, removed
from datafly.management.services import Composed, Services
from datafly.management.views.source import SourceBody, SourceChange, new_source, source_changes, source_view
from datafly.management.web.forms import Form, pairs
from datafly.management.web.frame import draw, see
from datafly.management.web.routes.pipelines import PLACE
from datafly.management.web.senders import SENDERS
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.errors import Conflict, Invalid, NotFound
from datafly.model.source import CUSTOM, Source

_PATH: Final = f"{PLACE}/{{pipeline_id:str}}/sources"
_SPOTS: Final = {
    "name": Spot("name", "Name"),
    "secret": Spot("secret", "Secret"),
    "verify": Spot("verify", "How its requests prove who sent them"),
    "header": Spot("header", "Header", "name the one that has the signature or the secret, such as X-Signature."),
    "event_type_path": Spot("event_type_path", "Name of the event"),
    "mappings": Spot("mappings", "Where values go"),
}
"""Field of the API → where it is in the form."""


@get(f"{_PATH}/new", sync_to_thread=True)
def new_source_form(
    *, services: Services, request: Visit, pipeline_id: FromPath[str], kind: FromQuery[str] = CUSTOM
) -> Response[str]:
    """Its id is made here, so that its address can be given to a sender that tells its secret only then."""
    fresh = Source(sourcing.fresh_source_id(services.clock.now_ms()), pipeline_id, _known(kind))
    return _drawn(services, request, fresh, _typed(fresh), is_new=True)


@post(f"{_PATH}/new", sync_to_thread=True)
def create(*, services: Services, request: Visit, pipeline_id: FromPath[str], form: Form) -> Response[str] | Redirect:
    fresh = Source(_source_id(form), pipeline_id, _known(str(form.get("kind", ""))))
    try:
        said = _said(form, fresh.kind)
        body = decode(
            msgspec.json.encode({"kind": fresh.kind, **{name: one for name, one in said.items() if one}}), SourceBody
        )
        made = created(services, request, msgspec.structs.replace(new_source(body, pipeline_id), id=fresh.id))
    except (Invalid, Conflict) as error:
        return _drawn(services, request, fresh, form, is_new=True, problem=slip_of(error, _SPOTS), status=error.status)
    return see(f"{PLACE}/{pipeline_id}", f"{made.name} is added. What it posts to its address is taken.")


@get(f"{_PATH}/{{source_id:str}}", sync_to_thread=True)
def one(*, services: Services, request: Visit, pipeline_id: FromPath[str], source_id: FromPath[str]) -> Response[str]:
    source = sourcing.webhook(services.control, pipeline_id, source_id)
    return _drawn(services, request, source, _typed(source))


@post(f"{_PATH}/{{source_id:str}}", sync_to_thread=True)
def change(
    *, services: Services, request: Visit, pipeline_id: FromPath[str], source_id: FromPath[str], form: Form
) -> Response[str] | Redirect:
    source = sourcing.webhook(services.control, pipeline_id, source_id)
    try:
        changes = source_changes(decode(msgspec.json.encode(_said(form, source.kind)), SourceChange))
        tag = str(form.get("etag", "")) or None
        after = changed(services, request, pipeline_id, source_id, changes, if_match=tag)
    except (Invalid, Conflict) as error:
        return _drawn(services, request, source, form, problem=slip_of(error, _SPOTS), status=error.status)
    return see(f"{PLACE}/{pipeline_id}", f"{after.name} is saved. It counts within a second.")


@post(f"{_PATH}/{{source_id:str}}/remove", sync_to_thread=True)
def remove(*, services: Services, request: Visit, pipeline_id: FromPath[str], source_id: FromPath[str]) -> Redirect:
    gone = removed(services, request, pipeline_id, source_id, None)
    return see(f"{PLACE}/{pipeline_id}", f"{gone.name} is removed. What it posts is refused.")


def _drawn(
    services: Composed,
    request: Visit,
    source: Source,
    typed: Mapping[str, Any],
    *,
    is_new: bool = False,
    problem: Slip | None = None,
    status: int = 200,
) -> Response[str]:
    return draw(
        request,
        "source.html",
        place=PLACE,
        status=status,
        pipeline=services.control.pipeline(source.pipeline_id),
        source=source_view(source, services.settings.gateway_url),
        sender=SENDERS[source.kind],
        is_new=is_new,
        etag="" if is_new else services.control.etag(source),
        typed={name: str(typed.get(name, "")) for name in ("name", "verify", "header", "event_type_path", "mappings")},
        problem=problem,
    )


def _typed(source: Source) -> dict[str, str]:
    mappings = "\n".join(f"{name}={path}" for name, path in source.mappings.items())
    told = {name: getattr(source, name) for name in ("name", "verify", "header", "event_type_path")}
    return {**told, "mappings": mappings}


def _said(form: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What the form says; of the secret nothing where its field is empty, so that it stays. Raises `Invalid`."""
    told = {name: str(form.get(name, "")).strip() for name in ("name", "secret", "event_type_path")}
    said: dict[str, Any] = {name: text for name, text in told.items() if text or name == "event_type_path"}
    if kind == CUSTOM:
        said |= {name: str(form.get(name, "")).strip() for name in ("verify", "header")}
    return {**said, "mappings": pairs(form, "mappings", "properties.amount=$.data.amount")}


def _source_id(form: Mapping[str, Any]) -> str:
    text = str(form.get("source_id", ""))
    if not sourcing.is_source_id(text):
        raise NotFound("This form is not one of ours. Open it from the page of the pipeline.")
    return text


def _known(kind: str) -> str:
    if kind not in SENDERS:
        raise NotFound(f"No such sender is known; there are {', '.join(SENDERS)}.")
    return kind


ROUTES = (new_source_form, create, one, change, remove)
