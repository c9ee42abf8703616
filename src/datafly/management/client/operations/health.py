"""Health: drawn by `datafly docs` from the routes; do not edit."""

from datafly.management.client.connection import Connection
from datafly.management.routes.health import Health


class HealthCalls(Connection):
    def healthz(self) -> Health:
        """The process lives."""
        return self.call("GET", "/healthz", Health)

    def readyz(self) -> Health:
        """Store and log can be read.

        503 where one of them cannot.
        """
        return self.call("GET", "/readyz", Health)
