"""Logging in and out, and passwords: what is checked, in which order, and what is kept of it."""

from typing import Final

import msgspec

from datafly.management import passwords
from datafly.management.auditing import note
from datafly.management.place import Place
from datafly.management.services import Composed
from datafly.model.errors import CallerError, Invalid, Unauthorized
from datafly.model.people import Actor, Held, Session, SessionKind, User, same_address
from datafly.model.secret import Secret
from datafly.store.base import Control

_WRONG: Final = "The e-mail address or the password is wrong."


class Opened(msgspec.Struct, frozen=True):
    """`text`: of the cookie, or the refresh token."""

    session: Session
    user: User
    text: str


def log_in(services: Composed, email: str, password: Secret, kind: SessionKind, place: Place) -> Opened:
    """Raises `Unauthorized`: `INVALID_CREDENTIALS`, or `ACCOUNT_LOCKED` with the time to wait.

    An address without a user is treated in all as one with a user, so that nobody learns which there are.
    """
    _require_turn(services, email, place)
    user = services.control.user_by_email(email)
    known = services.control.password_hash(user.id) if user is not None and user.status == "active" else None
    if not passwords.fits(password, known) or user is None or known is None:
        note(services.control, "auth.login_failed", "user", user.id if user else "", email=email, place=place)
        raise Unauthorized(_WRONG, code="INVALID_CREDENTIALS")
    if passwords.is_outdated(known):
        services.control.set_password_hash(user.id, passwords.hashed(password))
    _was_good(services, email, place)
    return open_session(services, user, kind, place, method="password")


def open_session(services: Composed, user: User, kind: SessionKind, place: Place, *, method: str) -> Opened:
    """For who has proved already who they are."""
    control = services.control
    with control.together():
        session, text = control.open_session(
            user.id,
            kind,
            method=method,
            lasts_ms=services.settings.session_seconds * 1000,
            address=place.address,
            user_agent=place.user_agent,
        )
        control.note_login(user.id)
        changes = {"method": (None, method), "session": (None, kind)}
        note(services.control, "auth.login", "session", session.id, user=user, changes=changes, place=place)
    return Opened(session, user, text)


def refresh(services: Composed, text: str, place: Place) -> tuple[Held, str]:
    """The session and its next refresh token. Raises `Unauthorized`, `INVALID_REFRESH_TOKEN`."""
    try:
        return services.control.refresh(text, lasts_ms=services.settings.session_seconds * 1000)
    except Unauthorized as error:
        if user_id := error.details.pop("reused_by", None):
            note(services.control, "auth.refresh_token_reused", "user", user_id, place=place)
        raise


def log_out(services: Composed, actor: Actor, place: Place) -> None:
    """Raises `CallerError` for an API token, which has no session."""
    require_user(actor)
    with services.control.together():
        services.control.end_session(actor.session_id)
        note(services.control, "auth.logout", "session", actor.session_id, actor=actor, place=place)


def change_password(services: Composed, actor: Actor, old: Secret, new: Secret, place: Place) -> None:
    """All other sessions of that user end. Tries with a wrong one count as tries to log in."""
    require_user(actor)
    user = services.control.user(actor.id)
    known = services.control.password_hash(user.id)
    if known is not None:
        _require_turn(services, user.email, place)
        if not passwords.fits(old, known):
            raise Invalid("current_password: it is wrong.", field="current_password")
        _was_good(services, user.email, place)
    passwords.require_good(new, email=user.email)
    hashed = passwords.hashed(new)
    with services.control.together():
        services.control.set_password_hash(user.id, hashed)
        services.control.end_sessions(user.id, but=actor.session_id)
        services.control.end_links(user.id)
        note(services.control, "user.password_changed", "user", user.id, actor=actor, place=place)


def require_user(actor: Actor) -> None:
    """Raises `CallerError` where it is a token that calls."""
    if actor.kind != "user":
        raise CallerError(
            "This is about a person's own account, and an API token has none. Log in as a user.",
            code="USERS_ONLY",
            status=403,
        )


def _require_turn(services: Composed, email: str, place: Place) -> None:
    settings = services.settings
    bounds = {_address(place): settings.address_tries, _account(email): settings.account_tries}
    for who, most in bounds.items():
        if wait_ms := services.control.count_try(who, most=most, window_ms=settings.lockout_seconds * 1000):
            raise _locked(-(-wait_ms // 1000))


def _locked(seconds: int) -> Unauthorized:
    return Unauthorized(
        f"Too many tries to log in. Try again in {-(-seconds // 60)} min, or ask an owner for a new link.",
        code="ACCOUNT_LOCKED",
        retry_after_seconds=seconds,
    )


def forget_tries(control: Control, email: str) -> None:
    """Whoever proved who they are is locked out no more."""
    control.forget_tries(_account(email))


def _was_good(services: Composed, email: str, place: Place) -> None:
    """Other tries of the address stay counted: a good account is no licence to guess at others."""
    forget_tries(services.control, email)
    services.control.return_try(_address(place))


def _address(place: Place) -> str:
    return f"address {place.address}"


def _account(email: str) -> str:
    return f"account {same_address(email)}"
