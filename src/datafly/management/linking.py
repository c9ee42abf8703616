"""What a one-time link does: makes the first owner, lets somebody in who was invited, or sets a new password."""

from typing import Any, Final

import msgspec

from datafly.management import passwords
from datafly.management.auditing import note
from datafly.management.inviting import has_owner, require_email, require_name
from datafly.management.place import Place
from datafly.management.services import Composed
from datafly.management.signing_in import Opened, forget_tries, open_session
from datafly.model.errors import Invalid
from datafly.model.people import Link, User
from datafly.model.secret import Secret

_DONE: Final = {"owner": "created", "invite": "joined", "reset": "password_reset"}


class Told(msgspec.Struct, frozen=True):
    """What a person filled in. `email` counts only where the link does not say whose it is."""

    email: str
    name: str
    password: Secret


def enter(services: Composed, text: str, place: Place) -> Opened | None:
    """By a link that only logs in. None: it was used meanwhile."""
    with services.control.together():
        link = services.control.use_link(text)
        if link is None or link.user_id is None or link.purpose != "login":
            return None
        user = services.control.user(link.user_id)
        return None if user.status != "active" else open_session(services, user, "browser", place, method="link")


def accept(services: Composed, text: str, told: Told, place: Place) -> Opened | None:
    """Sets the password and logs in; sessions that were there end. None: the link was used meanwhile.

    Raises `Invalid`, and the link still works.
    """
    waiting = services.control.link(text)
    if waiting is None or waiting.purpose == "login":
        return None
    email = require_email(told.email) if waiting.user_id is None else services.control.user(waiting.user_id).email
    require_name(told.name)
    passwords.require_good(told.password, email=email)
    hashed = passwords.hashed(told.password)
    with services.control.together():
        link = services.control.use_link(text)
        if link is None:
            return None
        user = _welcomed(services, link, email, told.name.strip(), hashed)
        note(services.control, f"user.{_DONE[link.purpose]}", "user", user.id, user=user, place=place)
        return open_session(services, user, "browser", place, method="link")


def _welcomed(services: Composed, link: Link, email: str, name: str, hashed: str) -> User:
    control = services.control
    user = _first_owner(services, email) if link.user_id is None else control.user(link.user_id)
    changes: dict[str, Any] = {"name": name or user.name}
    if user.status == "invited":
        changes["status"] = "active"
    user = control.change_user(user.id, changes)
    control.set_password_hash(user.id, hashed)
    control.end_sessions(user.id)
    forget_tries(control, user.email)
    return user


def _first_owner(services: Composed, email: str) -> User:
    if has_owner(services.control):
        raise Invalid("There is an owner already. Log in, or ask them for an invitation.", field="email")
    known = services.control.user_by_email(email)
    if known is not None:
        return services.control.change_user(known.id, {"role": "owner", "status": "active"})
    return services.control.create_user(User(id="", email=email, role="owner", status="invited"))


def require_same(password: Secret, again: Secret) -> None:
    if password != again:
        raise Invalid("The two passwords are not the same.", field="again")
