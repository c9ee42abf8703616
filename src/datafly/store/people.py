"""What the store keeps of people: users, sessions, links, tries to log in, the audit log. A part of `Control`."""

from typing import Any, Protocol

from datafly.model.people import AuditEntry, Held, Link, LinkPurpose, Session, SessionKind, User


class Users(Protocol):
    """Raises `NotFound`, `Conflict` (address taken, stale `if_match`, `LAST_OWNER`)."""

    def users(self) -> list[User]: ...

    def user(self, user_id: str) -> User: ...

    def user_by_email(self, email: str) -> User | None: ...

    def user_by_subject(self, subject: str) -> User | None: ...

    def password_hash(self, user_id: str) -> str | None: ...

    def create_user(self, user: User) -> User:
        """An empty id and times that are 0 are filled in."""

    def change_user(self, user_id: str, changes: dict[str, Any], *, if_match: str | None = None) -> User:
        """Whoever is disabled loses their sessions."""

    def set_password_hash(self, user_id: str, password_hash: str) -> None: ...

    def note_login(self, user_id: str) -> None: ...

    def remove_user(self, user_id: str, *, if_match: str | None = None) -> User:
        """With sessions and links; who it was."""


class Sessions(Protocol):
    def open_session(
        self, user_id: str, kind: SessionKind, *, method: str, lasts_ms: int, address: str = "", user_agent: str = ""
    ) -> tuple[Session, str]:
        """And its text: of the cookie, or the first refresh token. It ends `lasts_ms` after it was last used."""

    def session_by_cookie(self, text: str, *, lasts_ms: int) -> Held | None:
        """None when unknown, over, or of a user who is not active."""

    def session_in_force(self, session_id: str) -> Held | None: ...

    def refresh(self, text: str, *, lasts_ms: int) -> tuple[Held, str]:
        """The session and its next refresh token. One used before ends all sessions of its user.

        Raises `Unauthorized`, code `INVALID_REFRESH_TOKEN`.
        """

    def sessions(self, user_id: str | None = None) -> list[Session]:
        """Oldest first, those that are over too, for a month."""

    def session(self, session_id: str) -> Session: ...

    def end_session(self, session_id: str) -> None: ...

    def end_sessions(self, user_id: str, *, but: str = "") -> None: ...


class Links(Protocol):
    def create_link(self, purpose: LinkPurpose, user_id: str | None, *, lasts_ms: int) -> tuple[Link, str]:
        """And its text. Those made before of the same purpose for the same person do not work any more."""

    def link(self, text: str) -> Link | None:
        """None when unknown, used, or expired."""

    def use_link(self, text: str) -> Link | None:
        """Only the first who asks gets it."""

    def end_links(self, user_id: str | None) -> None: ...


class Failures(Protocol):
    def count_try(self, subject: str, *, most: int, window_ms: int) -> int:
        """Milliseconds that it must wait; 0: it may try now, which is counted."""

    def forget_tries(self, subject: str) -> None: ...

    def return_try(self, subject: str) -> None:
        """One counted try was a good one."""


class Audit(Protocol):
    def note(self, entry: AuditEntry) -> AuditEntry:
        """Inside `together` it stands or falls with the change."""

    def audit_log(
        self, *, before: str | None = None, limit: int = 50, since_ms: int = 0, until_ms: int | None = None, **like: str
    ) -> list[AuditEntry]:
        """Newest first. `like`: fields that must be equal; `before`: an id to go on after."""


class Retries(Protocol):
    def begin_call(self, caller: str, key: str, request_hash: str) -> tuple[int, str] | None:
        """The status and the answer of before; None: it is the first, make it, then finish or abandon it.

        Raises `Conflict` (`CALL_UNDER_WAY`), `Invalid` (`KEY_OF_ANOTHER_CALL`).
        """

    def finish_call(self, caller: str, key: str, status: int, answer: str) -> None: ...

    def abandon_call(self, caller: str, key: str) -> None: ...


class People(Users, Sessions, Links, Failures, Audit, Retries, Protocol):
    """All of it."""
