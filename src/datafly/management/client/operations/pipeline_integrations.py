"""Pipeline integrations: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, matching, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.checking import CheckView
    from datafly.management.comparing import CompareBody, ComparisonView
    from datafly.management.installing import AttachBody
    from datafly.management.names import NamesView
    from datafly.management.previewing import PreviewBody, PreviewView
    from datafly.management.revising import CanaryBody, RollbackBody
    from datafly.management.routes.integrations import InstallationChange
    from datafly.management.views.installation import PipelineIntegration
    from datafly.management.views.mapping import MappingView
    from datafly.management.views.notices import NoticesView
    from datafly.management.views.readiness import ReadinessView
    from datafly.management.views.spending import SpendingView


class PipelineIntegrationsCalls(Connection):
    def get_comparison(self, comparison_id: str) -> ComparisonView:
        """A comparison, with what is known of it so far.

        The newest ones since the start of the process are kept.
        """
        from datafly.management.comparing import ComparisonView

        return self.call("GET", f"/v1/admin/comparisons/{quoted(comparison_id)}", ComparisonView)

    def list_integrations(
        self,
        *,
        pipeline_id: str | None = None,
        vendor: str | None = None,
    ) -> Iterator[PipelineIntegration]:
        """Installed integrations, newest first."""
        from datafly.management.views.installation import PipelineIntegration

        return self.each(
            "/v1/admin/pipeline-integrations",
            PipelineIntegration,
            query={"pipeline_id": pipeline_id, "vendor": vendor},
        )

    def attach_integration(self, body: AttachBody, *, idempotency_key: str | None = None) -> PipelineIntegration:
        """Put an integration on another pipeline.

        With the config of one of its revisions; what `{{pipeline_param.KEY}}` names must be a parameter there.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            "/v1/admin/pipeline-integrations",
            PipelineIntegration,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def get_integration(self, integration_id: str) -> PipelineIntegration:
        """One installed integration."""
        from datafly.management.views.installation import PipelineIntegration

        return self.call("GET", f"/v1/admin/pipeline-integrations/{quoted(integration_id)}", PipelineIntegration)

    def change_integration(
        self,
        integration_id: str,
        body: InstallationChange,
        *,
        if_match: str | None = None,
    ) -> PipelineIntegration:
        """Change an installed integration.

        A change of the config or the mapping makes a revision and deploys it here; it ends a canary.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "PATCH",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}",
            PipelineIntegration,
            body=body,
            headers={**matching(if_match)},
        )

    def uninstall(self, integration_id: str, *, if_match: str | None = None) -> None:
        """Uninstall an integration.

        What still waits ends as SKIPPED `installation_removed`. Its name is free again.
        """
        self.call(
            "DELETE",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}",
            type(None),
            headers={**matching(if_match)},
        )

    def start_canary(
        self,
        integration_id: str,
        body: CanaryBody,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Try a revision for a share of the users.

        Who belongs to it is told by a hash of the key: events of one user go by one revision. Also changes the share.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/canary",
            PipelineIntegration,
            body=body,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def drop_canary(
        self,
        integration_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Try it no more.

        All events go by the deployed revision again.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/canary/drop",
            PipelineIntegration,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def promote_canary(
        self,
        integration_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Deploy what is tried."""
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/canary/promote",
            PipelineIntegration,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def compare(self, integration_id: str, body: CompareBody, *, idempotency_key: str | None = None) -> ComparisonView:
        """What a revision would change for real events.

        Beside the deployed one, over the newest events. What takes longer than two seconds goes on: ask for it by id.
        """
        from datafly.management.comparing import ComparisonView

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/compare",
            ComparisonView,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def disable(
        self,
        integration_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Skip events.

        Events that come meanwhile are SKIPPED `disabled`.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/disable",
            PipelineIntegration,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def enable(
        self,
        integration_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Send events again.

        Those that came while it was disabled stay SKIPPED.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/enable",
            PipelineIntegration,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def get_mapping(self, integration_id: str) -> MappingView:
        """What becomes of each event, and what may be changed.

        With the overrides of the deployed revision; each value in the words of the mapping.
        """
        from datafly.management.views.mapping import MappingView

        return self.call("GET", f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/mapping", MappingView)

    def registered_names(
        self,
        integration_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> NamesView:
        """Ask which names are registered.

        Asks the vendor, and puts what it tells into the config, as a new revision.
        """
        from datafly.management.names import NamesView

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/names",
            NamesView,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def pause(
        self,
        integration_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Hold events back.

        Events that come meanwhile wait.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/pause",
            PipelineIntegration,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def preview_event(
        self,
        integration_id: str,
        body: PreviewBody,
        *,
        idempotency_key: str | None = None,
    ) -> PreviewView:
        """What one event would become.

        By the deployed revision, another, or a draft of config and overrides. Nothing is sent to the vendor.
        """
        from datafly.management.previewing import PreviewView

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/preview",
            PreviewView,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def get_readiness(self, integration_id: str) -> ReadinessView:
        """Which standard events arrive, and what they are enough for.

        Events and parameters of the vendor's own that it took, and whether its segments have what they need.
        """
        from datafly.management.views.readiness import ReadinessView

        return self.call("GET", f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/readiness", ReadinessView)

    def resume(
        self,
        integration_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Go on after a pause."""
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/resume",
            PipelineIntegration,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def rollback(
        self,
        integration_id: str,
        body: RollbackBody,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineIntegration:
        """Deploy an earlier revision.

        That which was deployed before, unless another is named. It ends a canary.
        """
        from datafly.management.views.installation import PipelineIntegration

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/rollback",
            PipelineIntegration,
            body=body,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def get_spending(self, integration_id: str) -> SpendingView:
        """What is spent today at a vendor that bills by what it is told.

        By type of event, with what was spared, the cap of the day, and what each event is predicted to cost.
        """
        from datafly.management.views.spending import SpendingView

        return self.call("GET", f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/spending", SpendingView)

    def test_credentials(self, integration_id: str, *, idempotency_key: str | None = None) -> CheckView:
        """Test the credentials.

        Sends one request that only reads. An account may pass it and still be refused when events are sent.
        """
        from datafly.management.checking import CheckView

        return self.call(
            "POST",
            f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/test",
            CheckView,
            headers={**repeated(idempotency_key)},
        )

    def warnings(self, integration_id: str) -> NoticesView:
        """What the vendor would ignore, counted.

        And where the vendor's answers contradict its own contract.
        """
        from datafly.management.views.notices import NoticesView

        return self.call("GET", f"/v1/admin/pipeline-integrations/{quoted(integration_id)}/warnings", NoticesView)
