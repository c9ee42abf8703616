"""`/v1/admin/alerts`, `…/alert-channels`, `…/alert-episodes`, `…/alert-messages`"""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from datafly.management.alerts import deciding
from datafly.management.alerts.telling import Told
from datafly.management.allowing import require_url
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, decode_cursor, newest_first, page
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.alert import (
    AlertBody,
    AlertChange,
    AlertView,
    ChannelBody,
    ChannelChange,
    ChannelView,
    EpisodeView,
    MessageView,
    NewChannel,
    TestResult,
    TestResults,
    alert_view,
    channel_view,
    episode_view,
    message_view,
    new_channel_view,
)
from datafly.model.alert import AlertChannel, AlertRule

Id = Annotated[str | None, QueryParameter(max_length=100)]
_UNTOLD = frozenset({"id", "version", "created_ms", "updated_ms"})


@get("/", summary="What is watched, and how it stands", sync_to_thread=True)
def list_alerts(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[AlertView]:
    found, place = newest_first(services.control.alert_rules(), lambda one: (one.created_ms, one.id), cursor, limit)
    open_episodes = services.control.open_episodes()
    return page([alert_view(rule, open_episodes) for rule in found], place)


@get("/{alert_id:str}", summary="One alert", sync_to_thread=True)
def get_alert(*, services: Services, alert_id: FromPath[str]) -> Response[AlertView]:
    return _answer(services, services.control.alert_rule(alert_id))


@post(
    "/",
    dto=Strict[AlertBody],
    return_dto=None,
    opt={"answers": (404,)},
    summary="Watch something else",
    sync_to_thread=True,
)
def create_alert(*, services: Services, data: JSONBody[AlertBody], request: Caller) -> Response[AlertView]:
    with services.control.together():
        rule = deciding.new_rule(services, data)
        tell(request, "created", "alert", rule.id, new=told_rule(rule))
    return _answer(services, rule, status_code=201)


@patch("/{alert_id:str}", dto=Strict[AlertChange], return_dto=None, summary="Change an alert", sync_to_thread=True)
def change_alert(
    *,
    services: Services,
    alert_id: FromPath[str],
    data: JSONBody[AlertChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[AlertView]:
    """Its kind stays: for another one make another alert."""
    with services.control.together():
        before = services.control.alert_rule(alert_id)
        rule = deciding.changed_rule(services, alert_id, data, expected(if_match))
        tell(request, "changed", "alert", alert_id, old=told_rule(before), new=told_rule(rule))
    return _answer(services, rule)


@delete("/{alert_id:str}", summary="Watch something no more", sync_to_thread=True)
def delete_alert(*, services: Services, alert_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> None:
    """What of it fires is resolved. A channel that was told of it alone is switched off."""
    forget_alert(services, request, alert_id, expected(if_match))


def forget_alert(services: Composed, request: Caller, alert_id: str, if_match: str | None) -> AlertRule:
    """What it was."""
    with services.control.together():
        rule, silent = deciding.forget_rule(services.control, alert_id, if_match)
        tell(request, "removed", "alert", alert_id, old=told_rule(rule))
        for channel in silent:
            tell(request, "changed", "alert_channel", channel.id, old={"enabled": True}, new={"enabled": False})
    return rule


@post("/{alert_id:str}/test", status_code=200, summary="Send a test message to all that this alert is told to")
async def test_alert(*, services: Services, alert_id: FromPath[str], request: Caller) -> TestResults:
    """At once, whether it fires or not."""
    rule = await asyncio.to_thread(services.control.alert_rule, alert_id)
    channels = await asyncio.to_thread(deciding.channels_of, services, rule)
    told = await asyncio.gather(*(deciding.try_out(services, channel, rule) for channel in channels))
    await asyncio.to_thread(tell, request, "tested", "alert", alert_id)
    return TestResults([_result(channel, one) for channel, one in zip(channels, told, strict=True)])


@get("/", summary="Whom alerts are told", sync_to_thread=True)
def list_channels(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[ChannelView]:
    found, place = newest_first(services.control.alert_channels(), lambda one: (one.created_ms, one.id), cursor, limit)
    return page([channel_view(channel) for channel in found], place)


@get("/{channel_id:str}", summary="One channel", sync_to_thread=True)
def get_channel(*, services: Services, channel_id: FromPath[str]) -> Response[ChannelView]:
    return _channel_answer(services, services.control.alert_channel(channel_id))


@post(
    "/",
    dto=Strict[ChannelBody],
    return_dto=None,
    opt={"answers": (404,)},
    summary="Tell alerts to somebody else",
    sync_to_thread=True,
)
def create_channel(*, services: Services, data: JSONBody[ChannelBody], request: Caller) -> NewChannel:
    require_url(services, data.url)
    with services.control.together():
        channel, made = deciding.new_channel(services, data)
        tell(request, "created", "alert_channel", channel.id, new=told_channel(channel))
    return new_channel_view(channel, made)


@patch("/{channel_id:str}", dto=Strict[ChannelChange], return_dto=None, summary="Change a channel", sync_to_thread=True)
def change_channel(
    *,
    services: Services,
    channel_id: FromPath[str],
    data: JSONBody[ChannelChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[ChannelView]:
    """Its kind stays."""
    require_url(services, data.url)
    with services.control.together():
        before = services.control.alert_channel(channel_id)
        channel = deciding.changed_channel(services, channel_id, data, expected(if_match))
        tell(request, "changed", "alert_channel", channel_id, old=told_channel(before), new=told_channel(channel))
    return _channel_answer(services, channel)


@delete("/{channel_id:str}", summary="Remove a channel", sync_to_thread=True)
def delete_channel(*, services: Services, channel_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> None:
    with services.control.together():
        channel = services.control.drop_alert_channel(channel_id, if_match=expected(if_match))
        tell(request, "removed", "alert_channel", channel_id, old=told_channel(channel))


@post("/{channel_id:str}/test", status_code=200, summary="Send a test message to this channel")
async def test_channel(*, services: Services, channel_id: FromPath[str], request: Caller) -> TestResult:
    """At once, also where the channel is switched off."""
    channel = await asyncio.to_thread(services.control.alert_channel, channel_id)
    told = await deciding.try_out(services, channel)
    await asyncio.to_thread(tell, request, "tested", "alert_channel", channel_id)
    return _result(channel, told)


@get("/", summary="When alerts began, fired and ended, newest first", sync_to_thread=True)
def list_episodes(
    *,
    services: Services,
    status: FromQuery[Literal["pending", "firing", "resolved"] | None] = None,
    alert_id: Id = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[EpisodeView]:
    """Kept for 90 days after they ended."""
    before = None if cursor is None else decode_cursor(cursor, str)
    found = services.control.episodes(state=status, rule_id=alert_id, before=before, limit=limit + 1)
    return page([episode_view(one) for one in found[:limit]], found[limit - 1].id if len(found) > limit else None)


@get("/", summary="What was told, to whom, and whether it arrived, newest first", sync_to_thread=True)
def list_messages(
    *, services: Services, channel_id: Id = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[MessageView]:
    before = None if cursor is None else decode_cursor(cursor, str)
    found = services.control.alert_messages(channel_id=channel_id, before=before, limit=limit + 1)
    return page([message_view(one) for one in found[:limit]], found[limit - 1].id if len(found) > limit else None)


def told_rule(rule: AlertRule) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(rule).items() if name not in _UNTOLD}


def told_channel(channel: AlertChannel) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(channel).items() if name not in _UNTOLD}


def _answer(services: Composed, rule: AlertRule, *, status_code: int = 200) -> Response[AlertView]:
    shown = alert_view(rule, services.control.open_episodes())
    return Response(shown, headers=etag(services.control.etag(rule)), status_code=status_code)


def _channel_answer(services: Composed, channel: AlertChannel) -> Response[ChannelView]:
    return Response(channel_view(channel), headers=etag(services.control.etag(channel)))


def _result(channel: AlertChannel, told: Told) -> TestResult:
    return TestResult(channel.id, channel.name, ok=not told.error, status=told.status, error=told.error or None)


_TAGS = ["Alerts"]
routers = [
    Router(
        "/v1/admin/alerts",
        route_handlers=[list_alerts, get_alert, create_alert, change_alert, delete_alert, test_alert],
        tags=_TAGS,
    ),
    Router(
        "/v1/admin/alert-channels",
        route_handlers=[list_channels, get_channel, create_channel, change_channel, delete_channel, test_channel],
        tags=_TAGS,
    ),
    Router("/v1/admin/alert-episodes", route_handlers=[list_episodes], tags=_TAGS),
    Router("/v1/admin/alert-messages", route_handlers=[list_messages], tags=_TAGS),
]
