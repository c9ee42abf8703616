"""Live events: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection

if TYPE_CHECKING:
    from datafly.management.people import PersonView
    from datafly.management.views.event import LiveEvent
    from datafly.model.verdict import Verdict


class LiveEventsCalls(Connection):
    def live_events(
        self,
        *,
        message_id: str | None = None,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        email: str | None = None,
        event: str | None = None,
        verdict: Verdict | None = None,
        pipeline_id: str | None = None,
        vendor: str | None = None,
        integration_id: str | None = None,
        text: str | None = None,
    ) -> Iterator[LiveEvent]:
        """Live events, newest first, or as they come.

        A page looks through a bounded number of events: it may be short, or empty, although `has_more`.
        """
        from datafly.management.views.event import LiveEvent

        return self.each(
            "/v1/admin/live-events",
            LiveEvent,
            query={
                "message_id": message_id,
                "user_id": user_id,
                "anonymous_id": anonymous_id,
                "email": email,
                "event": event,
                "verdict": verdict,
                "pipeline_id": pipeline_id,
                "vendor": vendor,
                "integration_id": integration_id,
                "text": text,
            },
        )

    def get_person(self, *, q: str, before: str = "") -> PersonView:
        """What came of a person, and what became of it.

        Among the newest events, then with `before` among older ones; `complete` false where still older may be there.
        """
        from datafly.management.people import PersonView

        return self.call("GET", "/v1/admin/people", PersonView, query={"q": q, "before": before})
