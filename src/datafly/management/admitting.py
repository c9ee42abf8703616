"""Whether somebody whom the provider of single sign-on vouches for may come in, and as what."""

from typing import Any

import msgspec

from datafly.management.auditing import differences, note
from datafly.management.inviting import require_email
from datafly.management.place import Place
from datafly.management.services import Composed
from datafly.management.settings import OidcSettings
from datafly.management.signing_in import Opened, open_session
from datafly.management.vouching import Person, refused
from datafly.model.errors import CallerError, Conflict
from datafly.model.people import ROLES, RoleName, User

METHOD = "oidc"


def admit(services: Composed, settings: OidcSettings, person: Person, place: Place) -> Opened:
    """Raises `CallerError`. By the subject that never changes; the first time by an address that was verified."""
    try:
        with services.control.together():
            user = _welcomed(services, settings, person, place)
            return open_session(services, user, "browser", place, method=METHOD)
    except CallerError:
        note(services.control, "auth.login_failed", "user", "", email=person.email, place=place)
        raise


def mapped_role(settings: OidcSettings, claims: dict[str, Any]) -> RoleName | None:
    """The mightiest of those that the claim's values stand for; None where no claim decides."""
    if not settings.role_claim:
        return None
    told = claims.get(settings.role_claim)
    values = {told} if isinstance(told, str) else {one for one in told or () if isinstance(one, str)}
    found = [role for value, role in settings.roles if value in values]
    return min(found, key=ROLES.index, default="viewer")


def _welcomed(services: Composed, settings: OidcSettings, person: Person, place: Place) -> User:
    user = services.control.user_by_subject(person.subject) or _by_address(services, settings, person, place)
    if user.status == "disabled":
        raise refused(f"{user.email} is disabled here. Ask an administrator.")
    changes = {"status": "active", "subject": person.subject, "role": mapped_role(settings, person.claims) or user.role}
    changed = differences(msgspec.structs.asdict(user), msgspec.structs.asdict(user) | changes)
    if not changed:
        return user
    after = _changed(services, user, changes)
    note(services.control, "user.updated", "user", user.id, user=after, changes=changed, place=place)
    return after


def _changed(services: Composed, user: User, changes: dict[str, Any]) -> User:
    try:
        return services.control.change_user(user.id, changes)
    except Conflict as error:
        if error.code != "LAST_OWNER":
            raise
        return services.control.change_user(user.id, changes | {"role": user.role})


def _by_address(services: Composed, settings: OidcSettings, person: Person, place: Place) -> User:
    email = require_email(person.email)
    if not person.is_verified:
        raise refused("The provider does not say that your e-mail address was verified.")
    user = services.control.user_by_email(email)
    if user is not None:
        if user.subject is not None:
            raise refused(f"{email} belongs to somebody else at the provider. Ask an administrator.")
        return user
    if email.rpartition("@")[2].lower() not in settings.allowed_domains:
        raise refused(f"{email} is not invited here. Ask an administrator.")
    fresh = User(id="", email=email, name=person.name[:255] if person.name.isprintable() else "", status="active")
    user = services.control.create_user(msgspec.structs.replace(fresh, subject=person.subject))
    note(services.control, "user.created", "user", user.id, user=user, place=place)
    return user
