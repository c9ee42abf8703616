"""Pipelines: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from datafly.management.client.connection import Connection, matching, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.personal_data import PersonalDataView
    from datafly.management.routes.pipeline_keys import KeyView, RotationBody
    from datafly.management.views.intake import IntakeView, RefusedEvent
    from datafly.management.views.page import Page
    from datafly.management.views.pipeline import PipelineBody, PipelineChange, PipelineView
    from datafly.management.views.script import CollectorView, JsBuilderChange
    from datafly.management.views.source import (
        NewSigningSecret,
        SigningSecretView,
        SourceBody,
        SourceChange,
        SourceView,
    )


class PipelinesCalls(Connection):
    def list_pipelines(self) -> Iterator[PipelineView]:
        """List pipelines."""
        from datafly.management.views.pipeline import PipelineView

        return self.each("/v1/admin/pipelines", PipelineView)

    def create_pipeline(self, body: PipelineBody, *, idempotency_key: str | None = None) -> PipelineView:
        """Create a pipeline."""
        from datafly.management.views.pipeline import PipelineView

        return self.call("POST", "/v1/admin/pipelines", PipelineView, body=body, headers={**repeated(idempotency_key)})

    def get_pipeline(self, pipeline_id: str) -> PipelineView:
        """One pipeline."""
        from datafly.management.views.pipeline import PipelineView

        return self.call("GET", f"/v1/admin/pipelines/{quoted(pipeline_id)}", PipelineView)

    def change_pipeline(self, pipeline_id: str, body: PipelineChange, *, if_match: str | None = None) -> PipelineView:
        """Change a pipeline.

        Fields that are not named stay as they are.
        """
        from datafly.management.views.pipeline import PipelineView

        return self.call(
            "PATCH",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}",
            PipelineView,
            body=body,
            headers={**matching(if_match)},
        )

    def remove_pipeline(self, pipeline_id: str, *, if_match: str | None = None) -> None:
        """Remove a pipeline and what is installed on it.

        Its keys are refused from then on. Events that it took are processed; those that still wait at an integration
        end as SKIPPED `installation_removed`. Its name is free again.
        """
        self.call("DELETE", f"/v1/admin/pipelines/{quoted(pipeline_id)}", type(None), headers={**matching(if_match)})

    def get_collector(self, pipeline_id: str) -> CollectorView:
        """How d.js is built for a pipeline."""
        from datafly.management.views.script import CollectorView

        return self.call("GET", f"/v1/admin/pipelines/{quoted(pipeline_id)}/collector", CollectorView)

    def change_collector(
        self,
        pipeline_id: str,
        body: JsBuilderChange,
        *,
        if_match: str | None = None,
    ) -> CollectorView:
        """Build d.js otherwise.

        The gateway hands out the new one within a second; browsers keep the one they have for five minutes. A name that
        is another pipeline's script: 409.
        """
        from datafly.management.views.script import CollectorView

        return self.call(
            "PATCH",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}/collector",
            CollectorView,
            body=body,
            headers={**matching(if_match)},
        )

    def get_intake(self, pipeline_id: str, *, per: Literal["minute", "hour"] = "minute") -> IntakeView:
        """How much came in, and how much of it was refused.

        The last hour by minutes, or the last week by hours. Counted over all processes, about a second late.
        """
        from datafly.management.views.intake import IntakeView

        return self.call("GET", f"/v1/admin/pipelines/{quoted(pipeline_id)}/intake", IntakeView, query={"per": per})

    def list_keys(self, pipeline_id: str) -> Page[KeyView]:
        """The keys of a pipeline, the current one first."""
        from datafly.management.routes.pipeline_keys import KeyView
        from datafly.management.views.page import Page

        return self.call("GET", f"/v1/admin/pipelines/{quoted(pipeline_id)}/keys", Page[KeyView])

    def rotate_key(
        self,
        pipeline_id: str,
        body: RotationBody,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineView:
        """Give a pipeline a new key.

        The key before is taken beside it, until the time that is given or until it is revoked.
        """
        from datafly.management.views.pipeline import PipelineView

        return self.call(
            "POST",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}/keys",
            PipelineView,
            body=body,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def revoke_key(self, pipeline_id: str, key_id: str) -> None:
        """Revoke a former key.

        What is sent with it is refused from then on, within a fifth of a second.
        """
        self.call("DELETE", f"/v1/admin/pipelines/{quoted(pipeline_id)}/keys/{quoted(key_id)}", type(None))

    def get_personal_data(self, pipeline_id: str) -> PersonalDataView:
        """What of its events looks like personal data.

        Of its newest 1,000 events; no values are told. Rules are changed with the pipeline (`pii_rules`).
        """
        from datafly.management.personal_data import PersonalDataView

        return self.call("GET", f"/v1/admin/pipelines/{quoted(pipeline_id)}/personal-data", PersonalDataView)

    def list_refused(self, pipeline_id: str, *, code: str | None = None) -> Iterator[RefusedEvent]:
        """What was sent to it and refused, newest first.

        Of each code the newest are kept, without the values that were sent.
        """
        from datafly.management.views.intake import RefusedEvent

        return self.each(f"/v1/admin/pipelines/{quoted(pipeline_id)}/refused", RefusedEvent, query={"code": code})

    def get_signing_secret(self, pipeline_id: str) -> SigningSecretView:
        """Since when a pipeline has a signing secret.

        404 where it has none.
        """
        from datafly.management.views.source import SigningSecretView

        return self.call("GET", f"/v1/admin/pipelines/{quoted(pipeline_id)}/signing-secret", SigningSecretView)

    def make_signing_secret(
        self,
        pipeline_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewSigningSecret:
        """Make the signing secret of a pipeline.

        It is shown this once. The one before is refused from then on, within a fifth of a second.
        """
        from datafly.management.views.source import NewSigningSecret

        return self.call(
            "POST",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}/signing-secret",
            NewSigningSecret,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def remove_signing_secret(self, pipeline_id: str, *, if_match: str | None = None) -> None:
        """Take signed requests no more.

        Signed requests are refused from then on; what comes by the pipeline's key alone is taken as before.
        """
        self.call(
            "DELETE",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}/signing-secret",
            type(None),
            headers={**matching(if_match)},
        )

    def list_sources(self, pipeline_id: str) -> Iterator[SourceView]:
        """Whose webhooks a pipeline takes."""
        from datafly.management.views.source import SourceView

        return self.each(f"/v1/admin/pipelines/{quoted(pipeline_id)}/sources", SourceView)

    def create_source(self, pipeline_id: str, body: SourceBody, *, idempotency_key: str | None = None) -> SourceView:
        """Take another product's webhooks.

        Have the product post to `url` of the answer.
        """
        from datafly.management.views.source import SourceView

        return self.call(
            "POST",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}/sources",
            SourceView,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def get_source(self, pipeline_id: str, source_id: str) -> SourceView:
        """One webhook source."""
        from datafly.management.views.source import SourceView

        return self.call("GET", f"/v1/admin/pipelines/{quoted(pipeline_id)}/sources/{quoted(source_id)}", SourceView)

    def change_source(
        self,
        pipeline_id: str,
        source_id: str,
        body: SourceChange,
        *,
        if_match: str | None = None,
    ) -> SourceView:
        """Change a webhook source.

        Its kind stays: for another one make another source.
        """
        from datafly.management.views.source import SourceView

        return self.call(
            "PATCH",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}/sources/{quoted(source_id)}",
            SourceView,
            body=body,
            headers={**matching(if_match)},
        )

    def remove_source(self, pipeline_id: str, source_id: str, *, if_match: str | None = None) -> None:
        """Take a product's webhooks no more.

        What it posts is refused from then on, within a fifth of a second.
        """
        self.call(
            "DELETE",
            f"/v1/admin/pipelines/{quoted(pipeline_id)}/sources/{quoted(source_id)}",
            type(None),
            headers={**matching(if_match)},
        )
