"""`/alerts/channels`: whom alerts are told, by webhook and by e-mail."""

import asyncio
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from datafly.management.alerts import deciding
from datafly.management.allowing import require_url
from datafly.management.bodies import decode
from datafly.management.routes.alerts import told_channel
from datafly.management.routes.caller import tell
from datafly.management.services import Composed, Services
from datafly.management.views.alert import ChannelBody, ChannelChange, channel_view, message_view
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, fragment, see
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.alert import EMAIL, WEBHOOK, AlertChannel
from datafly.model.errors import CallerError, NotFound

PLACE: Final = "/alerts"
_PATH: Final = f"{PLACE}/channels"
_MESSAGES: Final = 20
_SPOTS: Final = {
    "name": Spot("name", "Name"),
    "to": Spot("to", "E-mail addresses"),
    "url": Spot("url", "Address"),
    "secret": Spot("secret", "Signing secret"),
}
"""Field of the API → where it is in the form."""


@get(f"{_PATH}/new", sync_to_thread=True)
def new_channel(*, services: Services, request: Visit, kind: FromQuery[str] = WEBHOOK) -> Response[str]:
    return _form(services, request, _kind(kind), {"enabled": "yes"}, [])


@post(f"{_PATH}/new", status_code=200, sync_to_thread=True)
def create(*, services: Services, request: Visit, form: Form) -> Response[str] | Redirect:
    """The secret that signs is shown on the answer itself, this once."""
    kind = _kind(str(form.get("kind", "")))
    try:
        body = decode(msgspec.json.encode({"kind": kind, **_said(form, kind)}), ChannelBody)
        require_url(services, body.url)
        with services.control.together():
            channel, secret = deciding.new_channel(services, body)
            tell(request, "created", "alert_channel", channel.id, new=told_channel(channel))
    except CallerError as error:
        return _form(services, request, kind, form, _chosen(form), problem=slip_of(error, _SPOTS), status=error.status)
    if secret is None:
        return see(f"{_PATH}/{channel.id}", f"{channel.name} is told of alerts from now on. Send it a test message.")
    return _shown(services, request, channel, secret=secret)


@get(f"{_PATH}/{{channel_id:str}}", sync_to_thread=True)
def one_channel(*, services: Services, request: Visit, channel_id: FromPath[str]) -> Response[str]:
    return _shown(services, request, services.control.alert_channel(channel_id))


@post(f"{_PATH}/{{channel_id:str}}", sync_to_thread=True)
def change(*, services: Services, request: Visit, channel_id: FromPath[str], form: Form) -> Response[str] | Redirect:
    before = services.control.alert_channel(channel_id)
    try:
        changed = decode(msgspec.json.encode(_said(form, before.kind)), ChannelChange)
        require_url(services, changed.url)
        with services.control.together():
            after = deciding.changed_channel(services, channel_id, changed, str(form.get("etag", "")) or None)
            tell(request, "changed", "alert_channel", channel_id, old=told_channel(before), new=told_channel(after))
    except CallerError as error:
        chosen, told = _chosen(form), slip_of(error, _SPOTS)
        return _form(services, request, before.kind, form, chosen, channel=before, problem=told, status=error.status)
    return see(f"{_PATH}/{channel_id}", f"{after.name} is saved.")


@post(f"{_PATH}/{{channel_id:str}}/remove", sync_to_thread=True)
def remove(*, services: Services, request: Visit, channel_id: FromPath[str]) -> Redirect:
    with services.control.together():
        channel = services.control.drop_alert_channel(channel_id)
        tell(request, "removed", "alert_channel", channel_id, old=told_channel(channel))
    return see(PLACE, f"{channel.name} is told nothing any more.")


@post(f"{_PATH}/{{channel_id:str}}/test", status_code=200)
async def test_channel(*, services: Services, request: Visit, channel_id: FromPath[str]) -> Response[str]:
    channel = await asyncio.to_thread(services.control.alert_channel, channel_id)
    told = await deciding.try_out(services, channel)
    await asyncio.to_thread(tell, request, "tested", "alert_channel", channel_id)
    return fragment("alert_tested.html", results=[(channel, told)])


def _shown(services: Composed, request: Visit, channel: AlertChannel, *, secret: str = "") -> Response[str]:
    typed = {"name": channel.name, "to": "\n".join(channel.to), "enabled": "yes" if channel.enabled else ""}
    return _form(services, request, channel.kind, typed, [*channel.rule_ids], channel=channel, secret=secret)


def _form(
    services: Composed,
    request: Visit,
    kind: str,
    typed: Any,
    chosen: list[str],
    *,
    channel: AlertChannel | None = None,
    secret: str = "",
    problem: Slip | None = None,
    status: int = 200,
) -> Response[str]:
    messages = services.control.alert_messages(channel_id=channel.id, limit=_MESSAGES) if channel else []
    return draw(
        request,
        "alert_channel.html",
        place=PLACE,
        status=status,
        kind=kind,
        view=channel_view(channel) if channel else None,
        etag=services.control.etag(channel) if channel else "",
        typed={name: str(typed.get(name, "")) for name in ("name", "to", "url", "enabled")},
        chosen=chosen,
        rules=services.control.alert_rules(),
        secret=secret,
        problem=problem,
        messages=[message_view(one) for one in messages],
        can_mail=services.settings.smtp is not None,
    )


def _said(form: Any, kind: str) -> dict[str, Any]:
    """What the form says; of a secret nothing where its field is empty, so that it stays."""
    said: dict[str, Any] = {"name": str(form.get("name", "")).strip(), "enabled": form.get("enabled") == "yes"}
    said["alert_ids"] = _chosen(form)
    if kind == EMAIL:
        return {**said, "to": [line for line in str(form.get("to", "")).replace(",", "\n").split() if line]}
    typed = {name: str(form.get(name, "")).strip() for name in ("url", "secret")}
    return {**said, **{name: value for name, value in typed.items() if value}}


def _chosen(form: Any) -> list[str]:
    return [str(one) for one in form.getall("alert_ids", [])]


def _kind(text: str) -> str:
    if text not in {WEBHOOK, EMAIL}:
        raise NotFound("A channel is a webhook or e-mail.")
    return text


ROUTES = (new_channel, create, one_channel, change, remove, test_channel)
