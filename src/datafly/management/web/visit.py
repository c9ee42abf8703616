"""Who looks at a page, and what their role lets them do there."""

from typing import Final

from datafly.management.access import Role, role_of
from datafly.management.identify import still_holds
from datafly.management.routes.caller import Caller
from datafly.management.services import Composed
from datafly.model.people import Actor

Visit = Caller
ASKS: Final = {"changes": False}
"""`opt` of what is posted and changes nothing: the audit log is not told of it."""
PIECE: Final = {"piece": True}
"""`opt` of what is read and is no page of its own."""


def may_look(services: Composed, request: Visit) -> bool:
    """Asked again and again while something is streamed: who is logged out, or revoked, sees no more of it."""
    return still_holds(services.control, request, request.auth)


def may(who: Actor | None, role: str) -> bool:
    """For templates: a button that would be refused is not drawn."""
    return who is not None and role_of(who) >= Role[role.upper()]
