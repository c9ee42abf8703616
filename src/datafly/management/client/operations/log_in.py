"""Log-in: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.routes.auth import LoginBody, Me, PasswordBody, RefreshBody, SessionView, TokenPair


class LogInCalls(Connection):
    def log_in(self, body: LoginBody) -> TokenPair:
        """Log in by e-mail address and password.

        401 `INVALID_CREDENTIALS`; after too many tries `ACCOUNT_LOCKED`, with `Retry-After`.
        """
        from datafly.management.routes.auth import TokenPair

        return self.call("POST", "/v1/admin/auth/login", TokenPair, body=body)

    def log_out(self, *, idempotency_key: str | None = None) -> None:
        """End this session."""
        self.call("POST", "/v1/admin/auth/logout", type(None), headers={**repeated(idempotency_key)})

    def me(self) -> Me:
        """Who calls."""
        from datafly.management.routes.auth import Me

        return self.call("GET", "/v1/admin/auth/me", Me)

    def change_password(self, body: PasswordBody, *, idempotency_key: str | None = None) -> None:
        """Change one's own password.

        All other sessions of this user end.
        """
        self.call("POST", "/v1/admin/auth/password", type(None), body=body, headers={**repeated(idempotency_key)})

    def refresh_tokens(self, body: RefreshBody) -> TokenPair:
        """Get the next pair of tokens.

        A refresh token that is used a second time ends all sessions of its user.
        """
        from datafly.management.routes.auth import TokenPair

        return self.call("POST", "/v1/admin/auth/refresh", TokenPair, body=body)

    def list_sessions(self) -> Iterator[SessionView]:
        """One's own sessions.

        Newest first; those that are over stay for a month.
        """
        from datafly.management.routes.auth import SessionView

        return self.each("/v1/admin/auth/sessions", SessionView)

    def end_session(self, session_id: str) -> None:
        """End one of one's own sessions.

        At once. Ending it twice changes nothing.
        """
        self.call("DELETE", f"/v1/admin/auth/sessions/{quoted(session_id)}", type(None))
