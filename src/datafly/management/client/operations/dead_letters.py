"""Dead letters: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, matching, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.causes import Causes
    from datafly.management.routes.dead_letters import (
        DiscardBody,
        Discarded,
        RangeBody,
        RangeReplay,
        ReplayBody,
        ReplayedEvent,
        StartedReplay,
    )
    from datafly.management.views.dead_letter import DeadLetter, ReplayView
    from datafly.model.verdict import Verdict


class DeadLettersCalls(Connection):
    def list_dead_letters(
        self,
        *,
        pipeline_integration_id: str | None = None,
        verdict: Verdict | None = None,
        reason: str | None = None,
        group: str | None = None,
    ) -> Iterator[DeadLetter]:
        """Dead letters, newest first.

        What was REJECTED or EXHAUSTED. A page may be short, or empty, although `has_more`.
        """
        from datafly.management.views.dead_letter import DeadLetter

        return self.each(
            "/v1/admin/dead-letters",
            DeadLetter,
            query={
                "pipeline_integration_id": pipeline_integration_id,
                "verdict": verdict,
                "reason": reason,
                "group": group,
            },
        )

    def discard_dead_letters(self, body: DiscardBody, *, idempotency_key: str | None = None) -> Discarded:
        """Give dead letters up.

        They stay on record, and are not sent again but by their `ids`.
        """
        from datafly.management.routes.dead_letters import Discarded

        return self.call(
            "POST",
            "/v1/admin/dead-letters/discard",
            Discarded,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def export_dead_letters(
        self,
        *,
        pipeline_integration_id: str | None = None,
        verdict: Verdict | None = None,
        reason: str | None = None,
        group: str | None = None,
    ) -> Iterator[bytes]:
        """Dead letters with their events, a line each.

        NDJSON, newest first.
        """
        return self.lines(
            "/v1/admin/dead-letters/export",
            query={
                "pipeline_integration_id": pipeline_integration_id,
                "verdict": verdict,
                "reason": reason,
                "group": group,
            },
        )

    def list_groups(self, *, pipeline_integration_id: str | None = None) -> Causes:
        """Dead letters grouped by cause.

        The newest of them, the most frequent cause first; `group` of the other calls takes an `id`.
        """
        from datafly.management.causes import Causes

        return self.call(
            "GET",
            "/v1/admin/dead-letters/groups",
            Causes,
            query={"pipeline_integration_id": pipeline_integration_id},
        )

    def replay_dead_letters(self, body: ReplayBody, *, idempotency_key: str | None = None) -> StartedReplay:
        """Send dead letters again.

        By `ids`: just these. Else all that fit and that no run has delivered, or is about to try, oldest first.
        """
        from datafly.management.routes.dead_letters import StartedReplay

        return self.call(
            "POST",
            "/v1/admin/dead-letters/replay",
            StartedReplay,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def get_dead_letter(self, dead_letter_id: str) -> DeadLetter:
        """One dead letter."""
        from datafly.management.views.dead_letter import DeadLetter

        return self.call("GET", f"/v1/admin/dead-letters/{quoted(dead_letter_id)}", DeadLetter)

    def list_replays(self) -> Iterator[ReplayView]:
        """Replays, newest first."""
        from datafly.management.views.dead_letter import ReplayView

        return self.each("/v1/admin/replays", ReplayView)

    def replay_range(self, body: RangeBody, *, idempotency_key: str | None = None) -> RangeReplay:
        """Send a stretch of time again.

        With `dry_run` nothing is sent. Events that consent forbids now are not sent.
        """
        from datafly.management.routes.dead_letters import RangeReplay

        return self.call("POST", "/v1/admin/replays", RangeReplay, body=body, headers={**repeated(idempotency_key)})

    def get_replay(self, replay_id: str) -> ReplayView:
        """One replay.

        Its `ETag` changes with its state, not with how far it is.
        """
        from datafly.management.views.dead_letter import ReplayView

        return self.call("GET", f"/v1/admin/replays/{quoted(replay_id)}", ReplayView)

    def cancel_replay(
        self,
        replay_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> ReplayView:
        """End a replay.

        What is under way is finished, the rest is not sent. It cannot be resumed.
        """
        from datafly.management.views.dead_letter import ReplayView

        return self.call(
            "POST",
            f"/v1/admin/replays/{quoted(replay_id)}/cancel",
            ReplayView,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def list_replayed(self, replay_id: str, *, verdict: Verdict | None = None) -> Iterator[ReplayedEvent]:
        """What became of its events, in the order of the log.

        Those that are decided so far.
        """
        from datafly.management.routes.dead_letters import ReplayedEvent

        return self.each(f"/v1/admin/replays/{quoted(replay_id)}/events", ReplayedEvent, query={"verdict": verdict})

    def pause_replay(
        self,
        replay_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> ReplayView:
        """Halt a replay.

        What is under way is finished. It goes on by `resume`, where it was.
        """
        from datafly.management.views.dead_letter import ReplayView

        return self.call(
            "POST",
            f"/v1/admin/replays/{quoted(replay_id)}/pause",
            ReplayView,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )

    def resume_replay(
        self,
        replay_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> ReplayView:
        """Go on with a replay."""
        from datafly.management.views.dead_letter import ReplayView

        return self.call(
            "POST",
            f"/v1/admin/replays/{quoted(replay_id)}/resume",
            ReplayView,
            headers={**matching(if_match), **repeated(idempotency_key)},
        )
