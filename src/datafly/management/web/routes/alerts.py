"""`/alerts`: what is watched, what fires, and whom it is told."""

import asyncio
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from datafly.management.alerts import deciding
from datafly.management.bodies import decode
from datafly.management.routes.alerts import forget_alert, told_rule
from datafly.management.routes.caller import tell
from datafly.management.services import Composed, Services
from datafly.management.views.alert import AlertBody, AlertChange, alert_view, channel_view, episode_view, message_view
from datafly.management.web import watching
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, fragment, see
from datafly.management.web.slips import Slip, slip_of
from datafly.management.web.visit import Visit
from datafly.model.alert import AlertRule, Kind
from datafly.model.errors import CallerError, NotFound

PLACE: Final = "/alerts"
_SHOWN: Final = 20


@get(PLACE, sync_to_thread=True)
def alerts(*, services: Services, request: Visit, before: FromQuery[str | None] = None) -> Response[str]:
    open_episodes = services.control.open_episodes()
    history = services.control.episodes(state="resolved", before=before, limit=_SHOWN + 1)
    return draw(
        request,
        "alerts.html",
        place=PLACE,
        rules=[alert_view(rule, open_episodes) for rule in services.control.alert_rules()],
        kinds=watching.KINDS,
        scopes=_scopes(services, removed=True),
        firing=[episode_view(one) for one in open_episodes if one.state == "firing"],
        channels=[channel_view(one) for one in services.control.alert_channels()],
        history=[episode_view(one) for one in history[:_SHOWN]],
        older=history[_SHOWN - 1].id if len(history) > _SHOWN else "",
        failed=[message_view(one) for one in services.control.alert_messages(state="failed", limit=5)],
    )


@get(f"{PLACE}/new", sync_to_thread=True)
def new_alert(*, services: Services, request: Visit, kind: FromQuery[str] = "") -> Response[str]:
    """Without a kind: which there are."""
    if not kind:
        return draw(request, "alert_kinds.html", place=PLACE, kinds=watching.KINDS)
    known = _kind(kind)
    return _form(services, request, known, watching.fields_of(watching.at_first(known)))


@post(f"{PLACE}/new", sync_to_thread=True)
def create(*, services: Services, request: Visit, form: Form) -> Response[str] | Redirect:
    kind, typed = _kind(str(form.get("kind", ""))), _typed(form)
    try:
        body = decode(msgspec.json.encode({"kind": kind, **watching.said(kind, typed)}), AlertBody)
        with services.control.together():
            rule = deciding.new_rule(services, body)
            tell(request, "created", "alert", rule.id, new=told_rule(rule))
    except CallerError as error:
        problem = slip_of(error, watching.spots_of(kind))
        return _form(services, request, kind, typed, problem=problem, status=error.status)
    return see(PLACE, f"{rule.name} is watched from now on.")


@get(f"{PLACE}/{{alert_id:str}}", sync_to_thread=True)
def one_alert(*, services: Services, request: Visit, alert_id: FromPath[str]) -> Response[str]:
    rule = services.control.alert_rule(alert_id)
    return _form(services, request, rule.kind, watching.fields_of(rule), rule=rule)


@post(f"{PLACE}/{{alert_id:str}}", sync_to_thread=True)
def change(*, services: Services, request: Visit, alert_id: FromPath[str], form: Form) -> Response[str] | Redirect:
    before, typed = services.control.alert_rule(alert_id), _typed(form)
    try:
        changed = decode(msgspec.json.encode(watching.said(before.kind, typed)), AlertChange)
        with services.control.together():
            rule = deciding.changed_rule(services, alert_id, changed, str(form.get("etag", "")) or None)
            tell(request, "changed", "alert", alert_id, old=told_rule(before), new=told_rule(rule))
    except CallerError as error:
        problem = _slip(error, before.kind)
        return _form(services, request, before.kind, typed, rule=before, problem=problem, status=error.status)
    return see(PLACE, f"{rule.name} is saved. It counts at the next look, within seconds.")


@post(f"{PLACE}/{{alert_id:str}}/remove", sync_to_thread=True)
def remove(*, services: Services, request: Visit, alert_id: FromPath[str]) -> Redirect:
    rule = forget_alert(services, request, alert_id, None)
    return see(PLACE, f"{rule.name} is watched no more. What of it fired has ended.")


@post(f"{PLACE}/{{alert_id:str}}/test", status_code=200)
async def test_alert(*, services: Services, request: Visit, alert_id: FromPath[str]) -> Response[str]:
    """A message to everybody who is told of it, at once."""
    rule = await asyncio.to_thread(services.control.alert_rule, alert_id)
    channels = await asyncio.to_thread(deciding.channels_of, services, rule)
    told = await asyncio.gather(*(deciding.try_out(services, channel, rule) for channel in channels))
    await asyncio.to_thread(tell, request, "tested", "alert", alert_id)
    return fragment("alert_tested.html", results=list(zip(channels, told, strict=True)))


def _form(
    services: Composed,
    request: Visit,
    kind: Kind,
    typed: dict[str, str],
    *,
    rule: AlertRule | None = None,
    problem: Slip | None = None,
    status: int = 200,
) -> Response[str]:
    history = services.control.episodes(rule_id=rule.id, limit=_SHOWN) if rule else []
    of = watching.KINDS[kind].of
    wanted = {"integration": ("pipeline:", "integration:"), "pipeline": ("pipeline:",)}.get(of, ())
    scopes = {value: words for value, words in _scopes(services).items() if value.startswith(wanted)} if wanted else {}
    return draw(
        request,
        "alert.html",
        place=PLACE,
        status=status,
        kind=kind,
        watching=watching.KINDS[kind],
        typed=typed,
        scopes=scopes,
        rule=rule,
        etag=services.control.etag(rule) if rule else "",
        problem=problem,
        history=[episode_view(one) for one in history],
        channels=deciding.channels_of(services, rule) if rule else [],
    )


def _scopes(services: Composed, *, removed: bool = False) -> dict[str, str]:
    """What an alert may be narrowed to: the value of the form → words."""
    pipelines = {f"pipeline:{one.id}": f"pipeline {one.name}" for one in services.control.pipelines()}
    every = services.control.installations(removed=removed)
    return {**pipelines, **{f"integration:{one.id}": one.name for one in every}}


def _typed(form: Any) -> dict[str, str]:
    names = ("name", "scope", "threshold", "window", "least", "for", "clear", "remind", "enabled")
    return {name: str(form.get(name, "")).strip() for name in names}


def _kind(text: str) -> Kind:
    found = next((one for one in watching.KINDS if one == text), None)
    if found is None:
        raise NotFound("There is no such kind of alert.")
    return found


def _slip(error: CallerError, kind: Kind) -> Slip:
    if error.code != "STALE":
        return slip_of(error, watching.spots_of(kind))
    return Slip("Somebody else changed this alert meanwhile. Open it again to see what is there now.")


ROUTES = (alerts, new_alert, create, one_alert, change, remove, test_alert)
