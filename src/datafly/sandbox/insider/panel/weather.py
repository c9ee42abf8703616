"""The sandbox's own switches: faults on demand, and how it answers."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.fault_form import FaultForm, as_fault, lag_in, read_form, shown, whole
from datafly.sandbox.insider.limits import RateLimit
from datafly.sandbox.insider.panel.frame import AnyRequest, Panel, Visit, see_other
from datafly.sandbox.insider.upsert import write_due
from datafly.sandbox.settings import AuthErrors

FAULTS_PLACE = "/sandbox/faults"
SETTINGS_PLACE = "/sandbox/settings"


class SettingsForm(msgspec.Struct, frozen=True, kw_only=True):
    auth_errors: str
    requests: str
    window_seconds: str
    retry_after: bool
    lag_seconds: str


@get(FAULTS_PLACE)
async def faults_page(
    visit: NamedDependency[Visit], panel: NamedDependency[Panel], done: FromQuery[str] = ""
) -> Response[str]:
    return _faults_page(visit, panel, FaultForm(), done=done)


@post(FAULTS_PLACE)
async def queue_fault(
    request: AnyRequest, visit: NamedDependency[Visit], panel: NamedDependency[Panel]
) -> Response[str] | Redirect:
    form = read_form(await request.form())
    try:
        fault = as_fault(form)
    except ValueError as refusal:
        return _faults_page(visit, panel, form, error=str(refusal), status=409)
    panel.conditions.faults.add(fault)
    return see_other(FAULTS_PLACE, done="queued")


@post(f"{FAULTS_PLACE}/clear")
async def clear_faults(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Redirect:  # noqa: ARG001
    panel.conditions.faults.clear()
    return see_other(FAULTS_PLACE, done="cleared")


@get(SETTINGS_PLACE)
async def settings_page(
    visit: NamedDependency[Visit], panel: NamedDependency[Panel], done: FromQuery[str] = ""
) -> Response[str]:
    return _settings_page(visit, panel, _as_form(panel), done=done)


@post(SETTINGS_PLACE)
async def save_settings(
    request: AnyRequest, visit: NamedDependency[Visit], panel: NamedDependency[Panel]
) -> Response[str] | Redirect:
    fields = await request.form()
    names = ("auth_errors", "requests", "window_seconds", "lag_seconds")
    texts = {name: str(fields.get(name, "")).strip() for name in names}
    form = SettingsForm(**texts, retry_after="retry_after" in fields)
    try:
        _apply(panel, form)
    except ValueError as refusal:
        return _settings_page(visit, panel, form, error=str(refusal), status=409)
    return see_other(SETTINGS_PLACE, done="saved")


@get("/sandbox/reset")
async def ask_to_reset(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    """What cannot be taken back is asked about first."""
    totals = panel.state.profiles.totals()
    return panel.draw(visit, "reset.html", place=SETTINGS_PLACE, crumbs="Sandbox > Settings", totals=totals)


@post("/sandbox/reset")
async def reset(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Redirect:  # noqa: ARG001
    """Everything that arrived goes; accounts, keys and who is signed in stay."""
    panel.conditions.reset()
    panel.state.reset(keep_accounts=True)
    return see_other(SETTINGS_PLACE, done="reset")


def _as_form(panel: Panel) -> SettingsForm:
    limit = panel.conditions.limits.override
    return SettingsForm(
        auth_errors=panel.conditions.auth_errors,
        requests=str(limit.requests) if limit else "",
        window_seconds=f"{limit.window_seconds:g}" if limit else "60",
        retry_after=limit.retry_after if limit else True,
        lag_seconds=f"{panel.conditions.lag_seconds:g}",
    )


def _apply(panel: Panel, form: SettingsForm) -> None:
    """All of the form or, where a field cannot be read, none of it."""
    auth_errors = msgspec.convert(form.auth_errors, AuthErrors)
    limit = None
    if form.requests:
        window_seconds = whole("Seconds of a window", form.window_seconds)
        requests = whole("Requests", form.requests)
        limit = RateLimit(requests=requests, window_seconds=window_seconds, retry_after=form.retry_after)
    lag_seconds = lag_in(form.lag_seconds)
    panel.conditions.steer(auth_errors=auth_errors, limit=limit, lag_seconds=lag_seconds)
    with panel.state.transaction():
        write_due(panel.state, None)


def _faults_page(
    visit: Visit, panel: Panel, form: FaultForm, *, done: str = "", error: str = "", status: int = 200
) -> Response[str]:
    return panel.draw(
        visit,
        "faults.html",
        place=FAULTS_PLACE,
        crumbs="Sandbox > Faults",
        **shown(form, panel.conditions.faults),
        done=done,
        error=error,
        status=status,
    )


def _settings_page(
    visit: Visit, panel: Panel, form: SettingsForm, *, done: str = "", error: str = "", status: int = 200
) -> Response[str]:
    return panel.draw(
        visit,
        "sandbox_settings.html",
        place=SETTINGS_PLACE,
        crumbs="Sandbox > Settings",
        form=form,
        waiting=panel.state.pending.count(),
        done=done,
        error=error,
        status=status,
    )


ROUTES = (faults_page, queue_fault, clear_faults, settings_page, save_settings, ask_to_reset, reset)
