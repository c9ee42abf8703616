"""Integration templates: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, matching, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.revising import RevisionBody
    from datafly.management.views.installation import RevisionView, TemplateChange, TemplateView


class IntegrationTemplatesCalls(Connection):
    def list_templates(self) -> Iterator[TemplateView]:
        """Integrations of the organisation, newest first.

        Also those that are installed nowhere any more.
        """
        from datafly.management.views.installation import TemplateView

        return self.each("/v1/admin/integration-templates", TemplateView)

    def get_template(self, template_id: str) -> TemplateView:
        """One integration of the organisation."""
        from datafly.management.views.installation import TemplateView

        return self.call("GET", f"/v1/admin/integration-templates/{quoted(template_id)}", TemplateView)

    def change_template(self, template_id: str, body: TemplateChange, *, if_match: str | None = None) -> TemplateView:
        """Rename an integration of the organisation.

        On all pipelines. What it does is in its revisions, which never change.
        """
        from datafly.management.views.installation import TemplateView

        return self.call(
            "PATCH",
            f"/v1/admin/integration-templates/{quoted(template_id)}",
            TemplateView,
            body=body,
            headers={**matching(if_match)},
        )

    def remove_template(self, template_id: str, *, if_match: str | None = None) -> None:
        """Delete an integration of the organisation.

        One that is installed nowhere any more. Its revisions are gone with it, and what is secret in them for good;
        what was sent by it stays on record.
        """
        self.call(
            "DELETE",
            f"/v1/admin/integration-templates/{quoted(template_id)}",
            type(None),
            headers={**matching(if_match)},
        )

    def list_revisions(self, template_id: str) -> Iterator[RevisionView]:
        """Its revisions, newest first."""
        from datafly.management.views.installation import RevisionView

        return self.each(f"/v1/admin/integration-templates/{quoted(template_id)}/revisions", RevisionView)

    def create_revision(
        self,
        template_id: str,
        body: RevisionBody,
        *,
        idempotency_key: str | None = None,
    ) -> RevisionView:
        """Make a revision.

        It is deployed nowhere: preview it, compare it, try it, or deploy it.
        """
        from datafly.management.views.installation import RevisionView

        return self.call(
            "POST",
            f"/v1/admin/integration-templates/{quoted(template_id)}/revisions",
            RevisionView,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def get_revision(self, template_id: str, revision_id: str) -> RevisionView:
        """One revision."""
        from datafly.management.views.installation import RevisionView

        return self.call(
            "GET",
            f"/v1/admin/integration-templates/{quoted(template_id)}/revisions/{quoted(revision_id)}",
            RevisionView,
        )
