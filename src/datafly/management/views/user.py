"""Users, as the API shows them (contracts/signal.md §10.9)."""

from datetime import datetime

import msgspec

from datafly.management.views.naming import ORGANISATION
from datafly.management.views.times import moment, moment_or_none
from datafly.model.people import RoleName, Status, User


class UserView(msgspec.Struct, frozen=True):
    """`status`: invited until they came in by their link, active, or disabled. `sso`: single sign-on knows them."""

    id: str
    org_id: str
    email: str
    name: str
    role: RoleName
    status: Status
    sso: bool
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


def user_view(user: User) -> UserView:
    return UserView(
        id=user.id,
        org_id=ORGANISATION,
        email=user.email,
        name=user.name,
        role=user.role,
        status=user.status,
        sso=user.subject is not None,
        last_login_at=moment_or_none(user.last_login_ms),
        created_at=moment(user.created_ms),
        updated_at=moment(user.updated_ms),
    )
