"""`/v1/admin/pipelines/{pipeline_id}/refused` and `…/intake`"""

from typing import Annotated, Final, Literal

import msgspec
from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from datafly.management.paging import Cursor, Limit, Page, decode_cursor, page
from datafly.management.services import Services
from datafly.management.views.intake import IntakeView, RefusedEvent, intake_view, refused_event

Code = Annotated[str | None, QueryParameter(max_length=64, description="Those of this code only.")]
RowId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_SECONDS: Final = {"minute": 60, "hour": 3600}
_SPANS: Final = {"minute": 60, "hour": 168}
"""An hour of minutes, a week of hours; the span that has begun is the last."""


@get("/{pipeline_id:str}/refused", summary="What was sent to it and refused, newest first", sync_to_thread=True)
def list_refused(
    *, services: Services, pipeline_id: FromPath[str], code: Code = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[RefusedEvent]:
    """Of each code the newest are kept, without the values that were sent."""
    pipeline = services.control.pipeline(pipeline_id)
    before = None if cursor is None else decode_cursor(cursor, RowId)
    rows = services.intake.refusals(pipeline.id, code=code, before_id=before, limit=limit + 1)
    shown = [refused_event(row_id, kept) for row_id, kept in rows[:limit]]
    return page(shown, rows[limit - 1][0] if len(rows) > limit else None)


@get("/{pipeline_id:str}/intake", summary="How much came in, and how much of it was refused", sync_to_thread=True)
def get_intake(
    *, services: Services, pipeline_id: FromPath[str], per: FromQuery[Literal["minute", "hour"]] = "minute"
) -> IntakeView:
    """The last hour by minutes, or the last week by hours. Counted over all processes, about a second late."""
    pipeline = services.control.pipeline(pipeline_id)
    span_ms = _SECONDS[per] * 1000
    now_ms = services.clock.now_ms()
    since_ms = now_ms - now_ms % span_ms - (_SPANS[per] - 1) * span_ms
    spans = services.intake.spans(pipeline.id, seconds=_SECONDS[per], since_ms=since_ms)
    return intake_view(pipeline.id, per, since_ms, spans, services.intake.totals(pipeline.id))


router = Router("/v1/admin/pipelines", route_handlers=[list_refused, get_intake], tags=["Pipelines"])
