"""`/v1/admin/metrics`"""

from typing import Annotated, Literal

from litestar import Router, get
from litestar.params import FromQuery, QueryParameter

from datafly.management import metrics
from datafly.management.services import Services
from datafly.management.views.metrics import MetricsView

Id = Annotated[str | None, QueryParameter(max_length=100)]


@get(
    "/",
    opt={"answers": (404,)},
    summary="Figures over time: events in and out, requests, latency, backlog",
    sync_to_thread=True,
)
def get_metrics(
    *,
    services: Services,
    range: FromQuery[Literal["1h", "6h", "24h", "7d", "30d"]] = "1h",  # noqa: A002 - the word for it
    pipeline_id: Id = None,
    pipeline_integration_id: Id = None,
) -> MetricsView:
    """Of everything, of one pipeline, or of one pipeline integration."""
    return metrics.metrics(services, range, pipeline_id=pipeline_id, installation_id=pipeline_integration_id)


router = Router("/v1/admin/metrics", route_handlers=[get_metrics], tags=["Metrics"])
