"""Lets people in from the machine itself: by one-time links, also when nobody can log in any more."""

import msgspec

from datafly.management import inviting
from datafly.model.errors import OperatorError
from datafly.model.people import ROLES, RoleName, User
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.base import Control

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HERE = ("127.0.0.1", "0.0.0.0", "::", "::1")  # noqa: S104  only compared


def management_url(settings: Settings) -> str:
    """Where a browser reaches the management pages, without a slash at its end."""
    return settings.management_url.rstrip("/") or url_of(settings, settings.management_port)


def gateway_url(settings: Settings) -> str:
    """Where events are sent to, without a slash at its end; "" where this process cannot tell."""
    is_here = settings.host in _LOOPBACK
    return settings.gateway_url.rstrip("/") or (url_of(settings, settings.gateway_port) if is_here else "")


def url_of(settings: Settings, port: int) -> str:
    host = "localhost" if settings.host in _HERE else settings.host
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def link_of(settings: Settings, text: str) -> str:
    return management_url(settings) + inviting.path_of(text)


def invite(settings: Settings, email: str, *, role: str, name: str = "") -> str:
    """The link. Raises `OperatorError` for a role that is none, `Invalid`, `Conflict`."""
    try:
        known = msgspec.convert(role, RoleName)
    except msgspec.ValidationError as error:
        raise OperatorError(
            f"{role!r} is no role: choose {', '.join(ROLES[:-1])} or {ROLES[-1]}.", code="NO_ROLE"
        ) from error
    with open_the_store(settings) as store:
        return link_of(settings, inviting.invite(store.control, email, known, name=name)[1])


def reset(settings: Settings, email: str) -> str:
    """The link for this user. Without an e-mail address: for the owner, whom it makes if there is none."""
    with open_the_store(settings) as store:
        if not email and not inviting.has_owner(store.control):
            return link_of(settings, inviting.owner_link(store.control))
        return link_of(settings, inviting.reset(store.control, _whom(store.control, email)))


def _whom(control: Control, email: str) -> User:
    if not email:
        owners = [user for user in control.users() if user.role == "owner" and user.status == "active"]
        if len(owners) > 1:
            raise OperatorError(f"Which one? Owners are {', '.join(user.email for user in owners)}.", code="WHICH_USER")
        return owners[0]
    user = control.user_by_email(email)
    if user is None:
        raise OperatorError(f"There is no user {email}; invite them with `datafly user invite`.", code="NO_USER")
    return user


def users(settings: Settings) -> list[User]:
    """Oldest first."""
    with open_the_store(settings) as store:
        return store.control.users()
