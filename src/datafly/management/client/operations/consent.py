"""Consent: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, matching

if TYPE_CHECKING:
    from datafly.management.views.consent import ConsentChange, ConsentView


class ConsentCalls(Connection):
    def get_consent_settings(self) -> ConsentView:
        """What is decided on consent for all pipelines."""
        from datafly.management.views.consent import ConsentView

        return self.call("GET", "/v1/admin/consent-settings", ConsentView)

    def change_consent_settings(self, body: ConsentChange, *, if_match: str | None = None) -> ConsentView:
        """Decide on consent for all pipelines.

        Counts for events that are processed from then on, within a second.
        """
        from datafly.management.views.consent import ConsentView

        return self.call("PATCH", "/v1/admin/consent-settings", ConsentView, body=body, headers={**matching(if_match)})
