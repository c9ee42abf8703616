"""Erasures: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.erasing import EraseBody, ErasureView


class ErasuresCalls(Connection):
    def list_erasures(self) -> Iterator[ErasureView]:
        """Who was erased, and what vendors did.

        Newest first.
        """
        from datafly.management.erasing import ErasureView

        return self.each("/v1/admin/erasures", ErasureView)

    def create_erasure(self, body: EraseBody, *, idempotency_key: str | None = None) -> ErasureView:
        """Erase a person everywhere.

        At every vendor that has a call for it, and here: what came of them before is not sent and not shown any more,
        and what is known of them is forgotten. The log keeps its bytes until `retention_hours` are over.
        """
        from datafly.management.erasing import ErasureView

        return self.call("POST", "/v1/admin/erasures", ErasureView, body=body, headers={**repeated(idempotency_key)})

    def get_erasure(self, erasure_id: str) -> ErasureView:
        """One erasure."""
        from datafly.management.erasing import ErasureView

        return self.call("GET", f"/v1/admin/erasures/{quoted(erasure_id)}", ErasureView)

    def retry_erasure(self, erasure_id: str, *, idempotency_key: str | None = None) -> ErasureView:
        """Ask those vendors again that did not do it."""
        from datafly.management.erasing import ErasureView

        return self.call(
            "POST",
            f"/v1/admin/erasures/{quoted(erasure_id)}/retry",
            ErasureView,
            headers={**repeated(idempotency_key)},
        )
