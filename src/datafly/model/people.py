"""Who uses Signal: users, their sessions, one-time links, and what is on record of their doing."""

from typing import Any, Final, Literal

import msgspec

ROLES: Final = ("owner", "admin", "editor", "viewer")
"""From the mightiest down (contracts/signal.md §10.9, the four-role version)."""

RoleName = Literal["owner", "admin", "editor", "viewer"]
Status = Literal["invited", "active", "disabled"]
SessionKind = Literal["browser", "api"]
LinkPurpose = Literal["owner", "invite", "reset", "login"]


class User(msgspec.Struct, frozen=True):
    """`email` is as it was typed; two that differ by letter case alone are one. `subject`: who it is at the provider
    of single sign-on, `issuer subject`.
    """

    id: str
    email: str
    name: str = ""
    role: RoleName = "viewer"
    status: Status = "invited"
    subject: str | None = None
    created_ms: int = 0
    updated_ms: int = 0
    last_login_ms: int | None = None


class Session(msgspec.Struct, frozen=True):
    """`browser` lives by a cookie, `api` by a refresh token. `method`: password, link or oidc. `id`: `ses_…`."""

    id: str
    user_id: str
    kind: SessionKind
    method: str
    created_ms: int
    last_seen_ms: int
    expires_ms: int
    address: str = ""
    user_agent: str = ""
    ended_ms: int | None = None


class Held(msgspec.Struct, frozen=True):
    """A session that is in force, and whose it is."""

    session: Session
    user: User


class Link(msgspec.Struct, frozen=True):
    """Works once, until it expires. `user_id` None: whoever opens it becomes the first owner."""

    id: str
    purpose: LinkPurpose
    user_id: str | None
    created_ms: int
    expires_ms: int
    used_ms: int | None = None


class Actor(msgspec.Struct, frozen=True):
    """Who calls, however they proved it. `name` is the token's name or the user's e-mail address."""

    kind: Literal["token", "user"]
    id: str
    name: str
    role: str
    via: Literal["token", "access_token", "cookie"]
    session_id: str = ""


class AuditEntry(msgspec.Struct, frozen=True):
    """`changes`: field → `{"old", "new"}`, secrets as `***` (contracts/signal.md §10.10). `id`: `log_…`."""

    id: str
    action: str
    resource_type: str
    resource_id: str
    timestamp_ms: int
    user_id: str | None = None
    user_email: str | None = None
    token_id: str | None = None
    token_name: str | None = None
    changes: dict[str, dict[str, Any]] = {}
    ip_address: str = ""
    user_agent: str = ""


def same_address(email: str) -> str:
    """What two spellings of one e-mail address have in common."""
    return email.strip().casefold()
