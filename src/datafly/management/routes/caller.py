"""Who calls, as `Access` found it out, and the record of what they did."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request

from datafly.management.auditing import NOTED, differences, note
from datafly.management.place import place_of
from datafly.management.services import services_of
from datafly.model.people import Actor
from datafly.observe import emit
from datafly.observe.management import ManagementResourceChanged

Caller = Request[Any, Actor, Any]
_VERBS: Final = {"changed": "updated", "removed": "deleted"}
"""Our words, and those of contracts/signal.md §10.10."""


def noted(request: Request[Any, Any, Any]) -> None:
    """The audit log has what it did, so that `Access` need not note it by its path."""
    request.state[NOTED] = True


def tell(
    request: Caller,
    action: str,
    resource: str,
    resource_id: str,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
) -> None:
    """For the log and the audit log, which keeps the fields that differ. Call it inside `control.together()`, with the
    change, so that none is kept without the other.
    """
    services = services_of(request)
    note(
        services.control,
        f"{resource}.{_VERBS.get(action, action)}",
        resource,
        resource_id,
        actor=request.auth,
        changes=differences(old or {}, new or {}),
        place=place_of(request),
    )
    noted(request)
    emit(ManagementResourceChanged(action=action, resource=resource, id=resource_id, by=request.auth.name))
