"""What goes into the audit log, and how it is said."""

from collections.abc import Mapping
from typing import Any, Final

from datafly.management.place import Place
from datafly.model.people import Actor, AuditEntry, User
from datafly.model.secret import MASK, Secret
from datafly.store.base import Control

Changes = Mapping[str, tuple[Any, Any]]
_LONGEST: Final = 320
NOTED: Final = "noted"
"""Set in a request's state once the audit log has what it did."""


def note(
    control: Control,
    action: str,
    resource_type: str,
    resource_id: str,
    *,
    place: Place,
    actor: Actor | None = None,
    user: User | None = None,
    email: str = "",
    changes: Changes | None = None,
) -> None:
    """Who did it is the `actor`, or a `user` who just came in, or only an `email` that somebody typed."""
    entry = AuditEntry(
        id="",
        action=action,
        resource_type=resource_type,
        resource_id=resource_id[:255],
        timestamp_ms=0,
        changes={name: {"old": shown(old), "new": shown(new)} for name, (old, new) in (changes or {}).items()},
        ip_address=place.address,
        user_agent=place.user_agent,
        **_who(actor, user, email),
    )
    control.note(entry)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    """Fields that differ; what one of them lacks is None there."""
    names = dict.fromkeys([*old, *new])
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def shown(value: Any) -> Any:
    """As JSON can hold it, with a mask in place of every secret."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Mapping):
        return {str(name): shown(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [shown(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _who(actor: Actor | None, user: User | None, email: str) -> dict[str, str]:
    if actor is not None and actor.kind == "token":
        return {"token_id": actor.id, "token_name": actor.name}
    if actor is not None:
        return {"user_id": actor.id, "user_email": actor.name}
    if user is not None:
        return {"user_id": user.id, "user_email": user.email}
    return {"user_email": email[:_LONGEST]} if email else {}
