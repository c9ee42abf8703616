"""Requests that are taken as jobs: how their outcome is asked for."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from datafly.model.delivery import Outgoing, Reply
from datafly.model.verdict import Judgement
from datafly.spec.asking import Later
from datafly.spec.compiled import HISTORICAL, CompiledLater
from datafly.spec.integration import Integration, Route
from datafly.spec.judging import json_of
from datafly.spec.request import Caller

_RATE: Final = "later:"
_LONGEST: Final = 200

Judge = Callable[[Sequence[Reply], int], Judgement | str | None]


def laters_of(integration: Integration, caller: Caller, config: Mapping[str, Any]) -> dict[str, CompiledLater]:
    """By route, and the key that the route has for historical events."""
    judge = integration.functions.judge_later
    found: dict[str, CompiledLater] = {}
    for route in integration.routes:
        if judge is not None and route.later is not None and _is_wanted(route.later, config):
            made = _compiled(route, route.later, caller, judge)
            found |= {route.key: made, route.key + HISTORICAL: made}
    return found


def rate_key(route: str) -> str:
    """The rate by which outcomes of a route's requests are asked for."""
    return f"{_RATE}{route}"


def _is_wanted(later: Later, config: Mapping[str, Any]) -> bool:
    return not later.only_if or config.get(later.only_if) is True


def _compiled(route: Route, later: Later, caller: Caller, judge: Judge) -> CompiledLater:
    return CompiledLater(
        ticket=partial(_ticket, later.ticket.split(".")),
        path=lambda ticket: later.path.replace("{ticket}", quote(ticket, safe="")),
        ask=partial(_ask, caller),
        judge=judge,
        rate_key=rate_key(route.key),
        first_seconds=later.first_seconds,
        give_up_seconds=later.give_up_hours * 3_600,
    )


def _ticket(names: Sequence[str], reply: Reply) -> str | None:
    found = json_of(reply)
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST else None


def _ask(caller: Caller, path: str) -> Outgoing:
    return caller.request("GET", path, b"")
