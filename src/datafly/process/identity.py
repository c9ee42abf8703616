"""Step 5, identity: who the visitor is, learnt from identify, and what is known about that user.

An anonymous id is linked to the user id of its last identify, or of the last alias that names it as the previous id.
What is known belongs to the user, not to the browser: a second user on the same browser inherits nothing of the first,
and a server that knows only the user id finds the same traits. What an anonymous visitor said stays with the anonymous
id and is not handed to whoever logs in there.
"""

from typing import Any, Final, TypeVar

import msgspec

from datafly.model.event import Event
from datafly.model.traits import supersede

NAME: Final = "identity"
TEACHING: Final = ("identify", "group", "alias")
"""Of whom something is learnt: events of these types."""
LINKING: Final = ("identify", "alias")
MAX_TRAITS: Final = 500
"""Of one user; beyond it the ones told longest ago are forgotten."""


class Visitor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of an anonymous id. Traits and group only while it has no user."""

    user_id: str | None = None
    group_id: str | None = None
    traits: dict[str, Any] = {}


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a user id."""

    group_id: str | None = None
    traits: dict[str, Any] = {}


Known = Visitor | User
_K = TypeVar("_K", Visitor, User)

NOBODY: Final = Visitor()
STRANGER: Final = User()


class Identity(msgspec.Struct, gc=False):
    """`group_id` and `known_traits` are what was known before the event."""

    user_id: str | None = None
    learnt: bool = False
    group_id: str | None = None
    known_traits: dict[str, Any] = {}
    effect: str = ""


def subject(event: Event) -> str | None:
    """The anonymous id that the event is about."""
    return event.previous_id or event.anonymous_id


def effective_user(sent_user_id: str | None, visitor: Visitor | None) -> str | None:
    return sent_user_id or (visitor.user_id if visitor else None)


def link(kind: str, sent_user_id: str | None, anonymous_id: str | None, visitor: Visitor | None) -> str | None:
    """The anonymous id, where an identify or alias is the first to say whose it is."""
    is_first = kind in LINKING and sent_user_id is not None and (visitor is None or visitor.user_id is None)
    return anonymous_id if is_first else None


def resolve(sent_user_id: str | None, visitor: Visitor | None, user: User | None) -> Identity:
    """`user`: what is known of the effective user."""
    user_id = effective_user(sent_user_id, visitor)
    known: Known | None = user if user_id is not None else visitor
    identity = Identity(user_id, learnt=user_id is not None and sent_user_id is None)
    if known is not None:
        identity.group_id, identity.known_traits = known.group_id, known.traits
    if identity.learnt:
        identity.effect = f"user {user_id} is known from an earlier identify"
    return identity


def learn_visitor(event: Event, visitor: Visitor | None) -> Visitor | None:
    """What is known of the event's anonymous id after it; the same value if nothing changed.

    An event without user that finds the visitor linked is learnt again, from before the link: that time is over.
    """
    user_id = visitor.user_id if visitor else None
    if event.user_id is not None:
        links = event.type in LINKING and not event.user_id_learnt and event.user_id != user_id
        return Visitor(user_id=event.user_id) if links else visitor
    if user_id is not None:
        return visitor
    return _learn(event, visitor or NOBODY) if event.type in ("identify", "group") else visitor


def learn_user(event: Event, user: User | None) -> User | None:
    """What is known of the event's user after it; the same value if nothing changed."""
    return _learn(event, user or STRANGER) if event.type in ("identify", "group") else user


def _learn(event: Event, known: _K) -> _K:
    if event.type == "group":
        same = event.group_id is None or event.group_id == known.group_id
        return known if same else msgspec.structs.replace(known, group_id=event.group_id)
    if event.traits.items() <= known.traits.items():
        return known
    return msgspec.structs.replace(known, traits=merge(known.traits, event.traits))


def merge(known: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """New values win, in whatever spelling, and count as told last; nothing is removed."""
    kept = {name: value for name, value in supersede(known, told).items() if name not in told}
    merged = {**kept, **told}
    return dict(list(merged.items())[-MAX_TRAITS:])
