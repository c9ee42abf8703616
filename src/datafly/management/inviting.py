"""Makes the one-time links by which people come in: for the first owner, who is invited, who forgot a password."""

import re
from typing import Final

from datafly.management.auditing import note
from datafly.management.place import COMMAND_LINE, Place
from datafly.model.errors import Conflict, Invalid
from datafly.model.people import Actor, LinkPurpose, RoleName, User
from datafly.store.base import Control

DEMO_EMAIL: Final = "owner@localhost"
LASTS_MS: Final[dict[LinkPurpose, int]] = {
    "owner": 24 * 3_600_000,
    "login": 24 * 3_600_000,
    "reset": 24 * 3_600_000,
    "invite": 7 * 24 * 3_600_000,
}
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,250}")
_LONGEST_NAME: Final = 255


def has_owner(control: Control) -> bool:
    """Whether somebody can come in who may do all."""
    return any(user.role == "owner" and user.status == "active" for user in control.users())


def path_of(text: str) -> str:
    """Where a link leads, below the address of the management pages."""
    return f"/welcome?token={text}"


def owner_link(control: Control) -> str:
    """The text of the link that makes the first owner; the one before does not work any more."""
    return control.create_link("owner", None, lasts_ms=LASTS_MS["owner"])[1]


def demo_link(control: Control) -> str:
    """Logs in as an owner without a password, for a demo on one's own machine."""
    user = control.user_by_email(DEMO_EMAIL)
    if user is None:
        user = control.create_user(User(id="", email=DEMO_EMAIL, name="Demo", role="owner", status="active"))
    return control.create_link("login", user.id, lasts_ms=LASTS_MS["login"])[1]


def invite(
    control: Control,
    email: str,
    role: RoleName,
    *,
    name: str = "",
    actor: Actor | None = None,
    place: Place = COMMAND_LINE,
) -> tuple[User, str]:
    """The user, and the text of the link. Who did not come yet is invited anew; who did → `Conflict`."""
    email = require_email(email)
    require_name(name)
    with control.together():
        user = control.user_by_email(email)
        if user is not None and user.status != "invited":
            raise Conflict(f"There is a user {user.email} already.", field="email")
        if user is None:
            user = control.create_user(User(id="", email=email, name=name.strip(), role=role))
        else:
            user = control.change_user(user.id, {"role": role, "name": name.strip() or user.name})
        text = control.create_link("invite", user.id, lasts_ms=LASTS_MS["invite"])[1]
        changes = {"email": (None, user.email), "role": (None, user.role)}
        note(control, "user.invited", "user", user.id, actor=actor, changes=changes, place=place)
        return user, text


def reset(control: Control, user: User, *, actor: Actor | None = None, place: Place = COMMAND_LINE) -> str:
    """The text of a link by which this user sets a new password; the old one works until then."""
    if user.status == "disabled":
        raise Conflict(f"{user.email} is disabled. Enable them first.", code="DISABLED")
    purpose: LinkPurpose = "invite" if user.status == "invited" else "reset"
    with control.together():
        text = control.create_link(purpose, user.id, lasts_ms=LASTS_MS[purpose])[1]
        note(control, "user.link_created", "user", user.id, actor=actor, place=place)
        return text


def require_email(email: str) -> str:
    """Raises `Invalid`. Whether it reaches somebody only a mail would tell."""
    email = email.strip()
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise Invalid("email: this is no e-mail address.", field="email")
    return email


def require_name(name: str) -> None:
    """Empty will do."""
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise Invalid("name: it must be one line of at most 255 signs.", field="name")
