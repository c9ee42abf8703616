"""Audit log: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from datafly.management.client.connection import Connection

if TYPE_CHECKING:
    from datafly.management.routes.audit_log import AuditView


class AuditLogCalls(Connection):
    def list_audit_log(
        self,
        *,
        action: str | None = None,
        user_id: str | None = None,
        token_id: str | None = None,
        resource_type: str | None = None,
        resource_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditView]:
        """Who changed what, and who came in.

        Newest first; filters are exact. `until` is not included.
        """
        from datafly.management.routes.audit_log import AuditView

        return self.each(
            "/v1/admin/audit-log",
            AuditView,
            query={
                "action": action,
                "user_id": user_id,
                "token_id": token_id,
                "resource_type": resource_type,
                "resource_id": resource_id,
                "since": since,
                "until": until,
            },
        )

    def export_audit_log(
        self,
        *,
        format_: Literal["ndjson", "csv"] = "ndjson",
        action: str | None = None,
        user_id: str | None = None,
        token_id: str | None = None,
        resource_type: str | None = None,
        resource_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[bytes]:
        """The audit log as a file.

        All of it that fits, newest first: a JSON object on each line, or CSV with a line of names.
        """
        return self.lines(
            "/v1/admin/audit-log/export",
            query={
                "format": format_,
                "action": action,
                "user_id": user_id,
                "token_id": token_id,
                "resource_type": resource_type,
                "resource_id": resource_id,
                "since": since,
                "until": until,
            },
        )
