"""The sandbox's own switches: faults on demand, and how it answers."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.fault_form import FaultForm, as_fault, lag_in, read_form, shown, whole
from datafly.sandbox.kit.conditions import RateLimit
from datafly.sandbox.kit.panel.frame import AnyRequest, Panel

FAULTS_PLACE = "/sandbox/faults"
SETTINGS_PLACE = "/sandbox/settings"


@get(FAULTS_PLACE)
async def faults_page(request: AnyRequest, panel: NamedDependency[Panel], done: FromQuery[str] = "") -> Response[str]:
    return _faults_page(request, panel, FaultForm(), done=done)


@post(FAULTS_PLACE)
async def queue_fault(request: AnyRequest, panel: NamedDependency[Panel]) -> Response[str] | Redirect:
    form = read_form(await request.form())
    try:
        fault = as_fault(form)
    except ValueError as refusal:
        return _faults_page(request, panel, form, error=str(refusal), status=409)
    panel.conditions.faults.add(fault)
    return panel.see_other(FAULTS_PLACE, done="queued")


@post(f"{FAULTS_PLACE}/clear")
async def clear_faults(panel: NamedDependency[Panel]) -> Redirect:
    panel.conditions.faults.clear()
    return panel.see_other(FAULTS_PLACE, done="cleared")


@get(SETTINGS_PLACE)
async def settings_page(request: AnyRequest, panel: NamedDependency[Panel], done: FromQuery[str] = "") -> Response[str]:
    return _settings_page(request, panel, _form_of(panel), done=done)


@post(SETTINGS_PLACE)
async def save_settings(request: AnyRequest, panel: NamedDependency[Panel]) -> Response[str] | Redirect:
    fields = await request.form()
    form = {**_form_of(panel), **{str(name): str(value).strip() for name, value in fields.items()}}
    try:
        _apply(panel, form)
    except ValueError as refusal:
        return _settings_page(request, panel, form, error=str(refusal), status=409)
    return panel.see_other(SETTINGS_PLACE, done="saved")


@get("/sandbox/reset")
async def ask_to_reset(request: AnyRequest, panel: NamedDependency[Panel]) -> Response[str]:
    """What cannot be taken back is asked about first."""
    counts = {kind.title: panel.store.count(kind.key, now=panel.clock()) for kind in panel.vendor.kinds}
    return panel.draw(request, "reset.html", place=SETTINGS_PLACE, crumbs="Sandbox > Settings", counts=counts)


@post("/sandbox/reset")
async def reset(panel: NamedDependency[Panel]) -> Redirect:
    """Everything that arrived goes; keys stay."""
    panel.conditions.reset()
    with panel.store.transaction():
        panel.store.reset(keep_credentials=True)
    return panel.see_other(SETTINGS_PLACE, done="reset")


def _form_of(panel: Panel) -> dict[str, str]:
    limit = panel.conditions.override
    return {
        "requests": str(limit.requests) if limit else "",
        "window_seconds": f"{limit.window_seconds:g}" if limit else "60",
        "lag_seconds": f"{panel.conditions.lag_seconds:g}",
        **{f"mode.{name}": choice for name, choice in panel.conditions.mode.items()},
    }


def _apply(panel: Panel, form: dict[str, str]) -> None:
    """All of the form or, where a field cannot be read, none of it."""
    limit = None
    if form.get("requests"):
        window = whole("Seconds of a window", form.get("window_seconds") or "60")
        limit = RateLimit(requests=whole("Requests", form["requests"]), window_seconds=window)
    lag_seconds = lag_in(form.get("lag_seconds", ""))
    mode = {name: form[f"mode.{name}"] for name in panel.vendor.modes if f"mode.{name}" in form}
    panel.conditions.steer(override=limit, lag_seconds=lag_seconds, mode=mode)
    with panel.store.transaction():
        panel.store.show_all(panel.clock())


def _faults_page(
    request: AnyRequest, panel: Panel, form: FaultForm, *, done: str = "", error: str = "", status: int = 200
) -> Response[str]:
    return panel.draw(
        request,
        "faults.html",
        place=FAULTS_PLACE,
        crumbs="Sandbox > Faults",
        **shown(form, panel.conditions.faults),
        done=done,
        error=error,
        status=status,
    )


def _settings_page(
    request: AnyRequest, panel: Panel, form: dict[str, str], *, done: str = "", error: str = "", status: int = 200
) -> Response[str]:
    return panel.draw(
        request,
        "settings.html",
        place=SETTINGS_PLACE,
        crumbs="Sandbox > Settings",
        form=form,
        waiting=panel.store.waiting(now=panel.clock()),
        done=done,
        error=error,
        status=status,
    )


ROUTES = (faults_page, queue_fault, clear_faults, settings_page, save_settings, ask_to_reset, reset)
