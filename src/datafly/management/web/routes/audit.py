"""`/settings/audit-log`: who changed what, and who came in."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Protocol
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from datafly.management.place import COMMAND_LINE
from datafly.management.services import Composed, Services
from datafly.management.views.times import moment
from datafly.management.web.frame import draw
from datafly.management.web.visit import Visit

_SHOWN: Final = 50
_Text = Annotated[str, QueryParameter(max_length=1_000)]
_WHO: Final = {"usr": "user_id", "tok": "token_id"}
"""How an id begins → the filter it is for."""


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


@get("/settings/audit-log", sync_to_thread=True)
def audit_log(
    *,
    services: Services,
    request: Visit,
    who: _Text = "",
    what: _Text = "",
    on: _Text = "",
    before: FromQuery[str | None] = None,
) -> Response[str]:
    """`who`: the id of a user or of an API token; `what`: an action, as it is told; `on`: an id."""
    filters = {_WHO.get(who.partition("_")[0], ""): who, "action": _action(what), "resource_id": on.strip()}
    wanted: dict[str, Any] = {name: value for name, value in filters.items() if name and value}
    found = services.control.audit_log(before=before, limit=_SHOWN + 1, **wanted)
    people = [(one.id, one.email) for one in services.control.users()]
    return draw(
        request,
        "audit_log.html",
        place="/settings/audit-log",
        rows=[(entry, moment(entry.timestamp_ms)) for entry in found[:_SHOWN]],
        older=found[_SHOWN - 1].id if len(found) > _SHOWN else "",
        asked={"who": who, "what": what, "on": on},
        people=[*people, *((one.id, f"{one.name} (token)") for one in services.control.tokens())],
        query=urlencode(wanted),
        names=_names(services),
        command_line=COMMAND_LINE.user_agent,
    )


def _action(what: str) -> str:
    """`pipeline: key rotated`, as the page says it, or `pipeline.key_rotated`, as the API does."""
    resource, sign, verb = what.strip().partition(": ")
    return f"{resource}.{verb}".replace(" ", "_") if sign else what.strip()


def _names(services: Composed) -> dict[str, str]:
    """Id → name, of what there is, and of integrations that are uninstalled."""
    control = services.control
    named: tuple[Sequence[_Named], ...] = (
        control.pipelines(),
        control.installations(removed=True),
        control.tokens(),
        control.alert_rules(),
        control.alert_channels(),
    )
    names = {one.id: one.name for every in named for one in every}
    return names | {one.id: one.email for one in control.users()}


ROUTES = (audit_log,)
