"""The sandbox's own switches: faults on demand, and how it answers."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.faults import Fault
from datafly.sandbox.insider.limits import RateLimit
from datafly.sandbox.insider.panel.frame import AnyRequest, Panel, Visit, see_other
from datafly.sandbox.insider.upsert import write_due
from datafly.sandbox.settings import AuthErrors

FAULTS_PLACE = "/sandbox/faults"
SETTINGS_PLACE = "/sandbox/settings"
_MOST_LAG_SECONDS = 86_400

# What can be asked for, by the value of the form, in the words of the page.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "429": ("429, too many requests", {"status": 429}),
    "500": ("500, unknown error", {"status": 500}),
    "503": ("503, unavailable", {"status": 503}),
    "504": ("504, gateway timeout", {"status": 504}),
    "504-applied": ("504, though the request took effect", {"status": 504, "applied": True}),
    "520": ("520, an HTML page of a proxy", {"status": 520}),
    "401": ("401, bad key", {"status": 401}),
    "403": ("403, access denied", {"status": 403}),
    "slow": ("A slow answer, and the right one", {}),
    "drop-before": ("Connection reset before the request takes effect", {"drop": "before"}),
    "drop-after": ("Connection reset after the request took effect", {"drop": "after"}),
    "truncated": ("Truncated body: the connection ends half-way", {"spoil": "truncated"}),
    "malformed": ("Malformed body: JSON without its end", {"spoil": "malformed"}),
}


class FaultForm(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = "503"
    count: str = "1"
    delay_ms: str = "0"
    retry_after: str = ""


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
    fields = await request.form()
    form = FaultForm(**{name: str(fields.get(name, "")).strip() for name in FaultForm.__struct_fields__})
    try:
        fault = _as_fault(form)
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


def _as_fault(form: FaultForm) -> Fault:
    if form.kind not in KINDS:
        raise ValueError("Choose what is to happen.")
    count = _whole("How many requests", form.count) if form.count else None
    after = _whole("Retry-After", form.retry_after) if form.retry_after else None
    delay_ms = _whole("Delay", form.delay_ms or "0")
    return Fault(**KINDS[form.kind][1], count=count, retry_after=after, delay_ms=delay_ms)


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
        window_seconds = _whole("Seconds of a window", form.window_seconds)
        requests = _whole("Requests", form.requests)
        limit = RateLimit(requests=requests, window_seconds=window_seconds, retry_after=form.retry_after)
    lag_seconds = _whole("Delay of visibility", form.lag_seconds or "0")
    if lag_seconds > _MOST_LAG_SECONDS:
        raise ValueError(f"Delay of visibility is at most {_MOST_LAG_SECONDS} seconds.")
    panel.conditions.steer(auth_errors=auth_errors, limit=limit, lag_seconds=lag_seconds)
    with panel.state.transaction():
        write_due(panel.state, None)


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{name} is a whole number, not “{text}”.")
    return int(text)


def _faults_page(
    visit: Visit, panel: Panel, form: FaultForm, *, done: str = "", error: str = "", status: int = 200
) -> Response[str]:
    return panel.draw(
        visit,
        "faults.html",
        place=FAULTS_PLACE,
        crumbs="Sandbox > Faults",
        form=form,
        kinds={kind: words for kind, (words, _) in KINDS.items()},
        queued=[(worded_fault(fault), fault.count) for fault in panel.conditions.faults.waiting()],
        done=done,
        error=error,
        status=status,
    )


def worded_fault(fault: Fault) -> str:
    """What a queued fault does, in the words of the form where it has them."""
    asked = msgspec.structs.asdict(fault)
    named = [words for words, fields in KINDS.values() if fields and all(asked[key] == fields[key] for key in fields)]
    words = [named[-1] if named else f"Status {fault.status}" if fault.status else "A slow answer"]
    if fault.delay_ms:
        words.append(f"after {fault.delay_ms} ms")
    if fault.retry_after is not None:
        words.append(f"Retry-After {fault.retry_after}")
    return ", ".join(words)


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
