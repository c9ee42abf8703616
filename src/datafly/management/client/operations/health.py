"""Health: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection

if TYPE_CHECKING:
    from datafly.management.routes.health import Health


class HealthCalls(Connection):
    def healthz(self) -> Health:
        """The process lives."""
        from datafly.management.routes.health import Health

        return self.call("GET", "/healthz", Health)

    def readyz(self) -> Health:
        """Store and log can be read.

        503 where one of them cannot.
        """
        from datafly.management.routes.health import Health

        return self.call("GET", "/readyz", Health)
