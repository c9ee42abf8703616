"""Configuration: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, repeated

if TYPE_CHECKING:
    from datafly.management.declared.planning import PlanView
    from datafly.management.routes.config import ApplyBody, ConfigBody, ConfigView


class ConfigurationCalls(Connection):
    def export_config(self) -> ConfigView:
        """All of the configuration as one document.

        Secrets are not in it.
        """
        from datafly.management.routes.config import ConfigView

        return self.call("GET", "/v1/admin/config", ConfigView)

    def apply_config(self, body: ApplyBody, *, idempotency_key: str | None = None) -> PlanView:
        """Change what a document changes.

        All of it or nothing, in one transaction. Applied again it changes nothing.
        """
        from datafly.management.declared.planning import PlanView

        return self.call("POST", "/v1/admin/config/apply", PlanView, body=body, headers={**repeated(idempotency_key)})

    def plan_config(self, body: ConfigBody, *, idempotency_key: str | None = None) -> PlanView:
        """What a document would change.

        Changes nothing. What is wrong is told all at once: `details.problems`, each with its `path`.
        """
        from datafly.management.declared.planning import PlanView

        return self.call("POST", "/v1/admin/config/plan", PlanView, body=body, headers={**repeated(idempotency_key)})
