"""Metrics: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from datafly.management.client.connection import Connection

if TYPE_CHECKING:
    from datafly.management.views.metrics import MetricsView


class MetricsCalls(Connection):
    def get_metrics(
        self,
        *,
        range_: Literal["1h", "6h", "24h", "7d", "30d"] = "1h",
        pipeline_id: str | None = None,
        pipeline_integration_id: str | None = None,
    ) -> MetricsView:
        """Figures over time: events in and out, requests, latency, backlog.

        Of everything, of one pipeline, or of one pipeline integration.
        """
        from datafly.management.views.metrics import MetricsView

        return self.call(
            "GET",
            "/v1/admin/metrics",
            MetricsView,
            query={"range": range_, "pipeline_id": pipeline_id, "pipeline_integration_id": pipeline_integration_id},
        )
