"""Tokens: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, matching, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.routes.tokens import NewToken, TokenBody, TokenChange, TokenView


class TokensCalls(Connection):
    def list_tokens(self) -> Iterator[TokenView]:
        """List API tokens.

        Revoked ones too.
        """
        from datafly.management.routes.tokens import TokenView

        return self.each("/v1/admin/tokens", TokenView)

    def create_token(self, body: TokenBody, *, idempotency_key: str | None = None) -> NewToken:
        """Create an API token."""
        from datafly.management.routes.tokens import NewToken

        return self.call("POST", "/v1/admin/tokens", NewToken, body=body, headers={**repeated(idempotency_key)})

    def get_token(self, token_id: str) -> TokenView:
        """One API token."""
        from datafly.management.routes.tokens import TokenView

        return self.call("GET", f"/v1/admin/tokens/{quoted(token_id)}", TokenView)

    def change_token(self, token_id: str, body: TokenChange, *, if_match: str | None = None) -> TokenView:
        """Change an API token.

        Its role stays: for another one make another token. One that is revoked stays so: 409 `REVOKED`.
        """
        from datafly.management.routes.tokens import TokenView

        return self.call(
            "PATCH",
            f"/v1/admin/tokens/{quoted(token_id)}",
            TokenView,
            body=body,
            headers={**matching(if_match)},
        )

    def revoke_token(self, token_id: str, *, if_match: str | None = None) -> None:
        """Revoke an API token.

        It stops working at once and stays in the list. Revoking it twice changes nothing.
        """
        self.call("DELETE", f"/v1/admin/tokens/{quoted(token_id)}", type(None), headers={**matching(if_match)})
