"""Events: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, quoted

if TYPE_CHECKING:
    from datafly.management.views.event import EventView, WholeEvent


class EventsCalls(Connection):
    def list_events(
        self,
        *,
        message_id: str | None = None,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        email: str | None = None,
        event: str | None = None,
        pipeline_id: str | None = None,
        text: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[EventView]:
        """Governed events that are kept, newest first.

        What became of them is told by live events. A page looks through a bounded number of events: it may be short, or
        empty, although `has_more`. `until` counts for the first page; the cursor of the next holds where it goes on.
        """
        from datafly.management.views.event import EventView

        return self.each(
            "/v1/admin/events",
            EventView,
            query={
                "message_id": message_id,
                "user_id": user_id,
                "anonymous_id": anonymous_id,
                "email": email,
                "event": event,
                "pipeline_id": pipeline_id,
                "text": text,
                "since": since,
                "until": until,
            },
        )

    def get_event(self, message_id: str, *, pipeline_id: str | None = None) -> WholeEvent:
        """One event, whole.

        The request that brought it, each step, and what became of it. The newest, where several bear this id, which may
        hold slashes and anything else, percent-encoded.
        """
        from datafly.management.views.event import WholeEvent

        return self.call(
            "GET",
            f"/v1/admin/events/{quoted(message_id)}",
            WholeEvent,
            query={"pipeline_id": pipeline_id},
        )
