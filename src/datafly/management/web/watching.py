"""Alerts in words, and their forms: percent and minutes, as people say them, for shares and seconds."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from datafly.management.alerts.readings import DEFAULTS
from datafly.management.web.slips import Spot
from datafly.model.alert import AlertRule, Kind
from datafly.model.errors import Invalid

_UNITS: Final = {"percent": 0.01, "minutes": 60.0, "": 1.0}
_TIMES: Final = {"window": 60.0, "for": 60.0, "clear": 60.0, "remind": 3_600.0}
"""Field of the form → so many seconds each."""


class Watching(msgspec.Struct, frozen=True):
    """A kind of alert. `bound`: what its threshold is, "" where it has none; `unit`: percent or minutes. `least`: what
    must have come before anything is concluded, "" where that counts for nothing. `of`: integration, pipeline, or "".
    """

    title: str
    says: str
    bound: str = ""
    unit: str = ""
    looks_back: bool = False
    least: str = ""
    of: str = "integration"


KINDS: Final[dict[Kind, Watching]] = {
    "delivery_success": Watching(
        "Too few events are delivered",
        "Of the events that were decided, too small a share was delivered. Skipped ones do not count.",
        "So many percent must be delivered, at least",
        "percent",
        looks_back=True,
        least="events",
    ),
    "error_rate": Watching(
        "Requests to a vendor fail",
        "Too large a share of requests failed, or Signal backs off from the vendor.",
        "So many percent may fail, at most",
        "percent",
        looks_back=True,
        least="requests",
    ),
    "backlog_age": Watching(
        "Events wait too long",
        "The oldest event that is not decided waits for longer. A paused integration counts too.",
        "An event may wait so many minutes, at most",
        "minutes",
    ),
    "zero_traffic": Watching(
        "Nothing comes in",
        "No event comes into a pipeline, though some did the day before.",
        looks_back=True,
        least="events the day before",
        of="pipeline",
    ),
    "suspended": Watching("An integration is suspended", "The vendor refuses the key, the account or the address."),
    "spend": Watching(
        "The spending of a day nears its cap",
        "An integration with a cap of the day has spent too large a share of it.",
        "So many percent of the cap may be spent, at most",
        "percent",
    ),
    "disk": Watching(
        "The disk is nearly full",
        "Signal keeps every event on disk before it answers; without room it takes none.",
        "So many percent must be free, at least",
        "percent",
        of="",
    ),
}


def spots_of(kind: Kind) -> dict[str, Spot]:
    """Field of the API → where it is in the form of the kind, and what may stand there."""
    watching = KINDS[kind]
    week, most = "It must be 0 to 10,080 minutes.", "100" if watching.unit == "percent" else "525,600"
    return {
        "name": Spot("name", "Name"),
        "threshold": Spot("threshold", watching.bound, f"It must be 0 to {most}."),
        "window_seconds": Spot("window", "Over the last", "It must be 1 to 1,440 minutes."),
        "least": Spot("least", f"Nothing is concluded with fewer {watching.least} than", "It must be a number from 0."),
        "for_seconds": Spot("for", "It fires once that lasted", week),
        "clear_seconds": Spot("clear", "It ends once it was well for", week),
        "remind_seconds": Spot("remind", "While it lasts, it is told again every", "It must be 0 to 168 hours."),
    }


def at_first(kind: Kind) -> AlertRule:
    """What a new alert of the kind says before anybody changes it."""
    return next(one for one in DEFAULTS if one.kind == kind)


def fields_of(rule: AlertRule) -> dict[str, str]:
    """As the form shows it."""
    scale = _UNITS[KINDS[rule.kind].unit]
    seconds = {"window": rule.window_seconds, "for": rule.for_seconds, "clear": rule.clear_seconds}
    times = {name: value / _TIMES[name] for name, value in {**seconds, "remind": rule.remind_seconds}.items()}
    numbers = {"threshold": rule.threshold / scale, "least": rule.least, **times}
    scope = f"integration:{rule.installation_id}" if rule.installation_id else ""
    return {
        "name": rule.name,
        "enabled": "yes" if rule.enabled else "",
        "scope": scope or (f"pipeline:{rule.pipeline_id}" if rule.pipeline_id else ""),
        **{name: f"{round(value, 6):g}" for name, value in numbers.items()},
    }


def said(kind: Kind, form: Mapping[str, str]) -> dict[str, Any]:
    """The body of the API that the form says. Raises `Invalid`."""
    where, _, scope_id = form["scope"].partition(":")
    found: dict[str, Any] = {
        "name": form["name"],
        "enabled": form["enabled"] == "yes",
        "pipeline_id": scope_id if where == "pipeline" else None,
        "pipeline_integration_id": scope_id if where == "integration" else None,
        "for_seconds": _seconds(form, "for"),
        "clear_seconds": _seconds(form, "clear"),
        "remind_seconds": _seconds(form, "remind"),
    }
    watching = KINDS[kind]
    if watching.bound:
        found["threshold"] = round(_number(form, "threshold") * _UNITS[watching.unit], 9)
    if watching.looks_back:
        found["window_seconds"] = _seconds(form, "window")
    if watching.least:
        found["least"] = round(_number(form, "least"))
    return found


def _seconds(form: Mapping[str, str], name: str) -> int:
    return round(_number(form, name, f"{name}_seconds") * _TIMES[name])


def _number(form: Mapping[str, str], name: str, field: str = "") -> float:
    try:
        value = float(form[name])
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1e9:
        raise Invalid("It must be a number from 0.", field=field or name)
    return value
