"""Users: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from datafly.management.client.connection import Connection, matching, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.routes.auth import SessionView
    from datafly.management.routes.users import InviteBody, LinkView, UserChange
    from datafly.management.views.user import UserView


class UsersCalls(Connection):
    def list_users(
        self,
        *,
        role: Literal["owner", "admin", "editor", "viewer"] | None = None,
        status: Literal["invited", "active", "disabled"] | None = None,
    ) -> Iterator[UserView]:
        """List users.

        Newest first.
        """
        from datafly.management.views.user import UserView

        return self.each("/v1/admin/users", UserView, query={"role": role, "status": status})

    def invite_user(self, body: InviteBody, *, idempotency_key: str | None = None) -> LinkView:
        """Invite a user.

        Whoever did not come yet is invited anew, and the link before does not work any more.
        """
        from datafly.management.routes.users import LinkView

        return self.call("POST", "/v1/admin/users", LinkView, body=body, headers={**repeated(idempotency_key)})

    def get_user(self, user_id: str) -> UserView:
        """One user."""
        from datafly.management.views.user import UserView

        return self.call("GET", f"/v1/admin/users/{quoted(user_id)}", UserView)

    def change_user(self, user_id: str, body: UserChange, *, if_match: str | None = None) -> UserView:
        """Change a user.

        A role counts from the next call on. The last active owner stays one: 409 `LAST_OWNER`.
        """
        from datafly.management.views.user import UserView

        return self.call(
            "PATCH",
            f"/v1/admin/users/{quoted(user_id)}",
            UserView,
            body=body,
            headers={**matching(if_match)},
        )

    def remove_user(self, user_id: str, *, if_match: str | None = None) -> None:
        """Remove a user.

        With all sessions; the audit log keeps what they did. API tokens that they made stay.
        """
        self.call("DELETE", f"/v1/admin/users/{quoted(user_id)}", type(None), headers={**matching(if_match)})

    def create_link(self, user_id: str, *, idempotency_key: str | None = None) -> LinkView:
        """Make a one-time link.

        By it the user sets a new password; whoever was invited comes in by it. Older ones do not work any more.
        """
        from datafly.management.routes.users import LinkView

        return self.call(
            "POST",
            f"/v1/admin/users/{quoted(user_id)}/link",
            LinkView,
            headers={**repeated(idempotency_key)},
        )

    def user_sessions(self, user_id: str) -> Iterator[SessionView]:
        """A user's sessions.

        Newest first; those that are over stay for a month.
        """
        from datafly.management.routes.auth import SessionView

        return self.each(f"/v1/admin/users/{quoted(user_id)}/sessions", SessionView)

    def end_user_sessions(self, user_id: str) -> None:
        """End all sessions of a user."""
        self.call("DELETE", f"/v1/admin/users/{quoted(user_id)}/sessions", type(None))
