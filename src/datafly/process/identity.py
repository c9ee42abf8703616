"""Step 5, identity: who the visitor is, learnt from identify, and what is known about that user.

An anonymous id is linked to the user id of its last identify, or of the last alias that names it as the previous id.
What is known belongs to the user, not to the browser: a second user on the same browser inherits nothing of the first,
and a server that knows only the user id finds the same traits. What an anonymous visitor said stays with the anonymous
id and is not handed to whoever logs in there.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from datafly.model.event import Event
from datafly.process import told

NAME: Final = "identity"
TEACHING: Final = ("identify", "group", "alias")
"""Of whom something is learnt: events of these types."""
LINKING: Final = ("identify", "alias")


class Visitor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of an anonymous id. Traits and group only while it has no user. `…_ms`: since when it is known,
    0 where it was learnt before that was kept; of traits as `told` has them.
    """

    user_id: str | None = None
    group_id: str | None = None
    traits: dict[str, Any] = {}
    told_ms: list[int] = []
    group_ms: int = 0
    linked_ms: int = 0


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a user id; times as of a visitor."""

    group_id: str | None = None
    traits: dict[str, Any] = {}
    told_ms: list[int] = []
    group_ms: int = 0


Known = Visitor | User
_K = TypeVar("_K", Visitor, User)

NOBODY: Final = Visitor()
STRANGER: Final = User()


def known_since(known: Known) -> float:
    """Since when the oldest of it is known; never, where nothing is."""
    times = [*known.told_ms, *([0] if known.traits and not known.told_ms else [])]
    times += [known.group_ms] if known.group_id is not None else []
    if isinstance(known, Visitor) and known.user_id is not None:
        times.append(known.linked_ms)
    return min(times, default=math.inf)


class Identity(msgspec.Struct, gc=False):
    """`group_id` and `known_traits`, told at `told_ms`, are what was known before the event."""

    user_id: str | None = None
    learnt: bool = False
    group_id: str | None = None
    known_traits: dict[str, Any] = {}
    effect: str = ""
    told_ms: Sequence[int] = ()


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
        identity.group_id, identity.known_traits, identity.told_ms = known.group_id, known.traits, known.told_ms
    if identity.learnt:
        identity.effect = f"user {user_id} is known from an earlier identify"
    return identity


def learn_visitor(event: Event, visitor: Visitor | None) -> Visitor | None:
    """What is known of the event's anonymous id after it; the same value if nothing changed.

    An event without user that finds the visitor linked is learnt again, from before the link: that time is over.
    """
    user_id = visitor.user_id if visitor else None
    if event.user_id is not None:
        return _linked(event, event.user_id, visitor) if event.type in LINKING and not event.user_id_learnt else visitor
    if user_id is not None:
        return visitor
    return _learn(event, visitor or NOBODY) if event.type in ("identify", "group") else visitor


def _linked(event: Event, user_id: str, visitor: Visitor | None) -> Visitor | None:
    since_ms = visitor.linked_ms if visitor else 0
    is_known = visitor is not None and visitor.user_id == user_id
    if event.happened_ms < since_ms or (is_known and event.happened_ms <= since_ms + told.AGAIN_MS):
        return visitor
    return Visitor(user_id=user_id, linked_ms=event.happened_ms)


def learn_user(event: Event, user: User | None) -> User | None:
    """What is known of the event's user after it; the same value if nothing changed."""
    return _learn(event, user or STRANGER) if event.type in ("identify", "group") else user


def _learn(event: Event, known: _K) -> _K:
    if event.type == "group":
        return _in_group(event, known)
    learnt = told.learn(known.traits, known.told_ms, event.traits, event.happened_ms)
    return known if learnt is None else msgspec.structs.replace(known, traits=learnt[0], told_ms=learnt[1])


def _in_group(event: Event, known: _K) -> _K:
    is_known = event.group_id == known.group_id and event.happened_ms <= known.group_ms + told.AGAIN_MS
    if event.group_id is None or is_known or event.happened_ms < known.group_ms:
        return known
    return msgspec.structs.replace(known, group_id=event.group_id, group_ms=event.happened_ms)
