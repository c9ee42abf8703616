"""Alerts: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from datafly.management.client.connection import Connection, matching, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.views.alert import (
        AlertBody,
        AlertChange,
        AlertView,
        ChannelBody,
        ChannelChange,
        ChannelView,
        EpisodeView,
        MessageView,
        NewChannel,
        TestResult,
        TestResults,
    )


class AlertsCalls(Connection):
    def list_channels(self) -> Iterator[ChannelView]:
        """Whom alerts are told."""
        from datafly.management.views.alert import ChannelView

        return self.each("/v1/admin/alert-channels", ChannelView)

    def create_channel(self, body: ChannelBody, *, idempotency_key: str | None = None) -> NewChannel:
        """Tell alerts to somebody else."""
        from datafly.management.views.alert import NewChannel

        return self.call(
            "POST",
            "/v1/admin/alert-channels",
            NewChannel,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def get_channel(self, channel_id: str) -> ChannelView:
        """One channel."""
        from datafly.management.views.alert import ChannelView

        return self.call("GET", f"/v1/admin/alert-channels/{quoted(channel_id)}", ChannelView)

    def change_channel(self, channel_id: str, body: ChannelChange, *, if_match: str | None = None) -> ChannelView:
        """Change a channel.

        Its kind stays.
        """
        from datafly.management.views.alert import ChannelView

        return self.call(
            "PATCH",
            f"/v1/admin/alert-channels/{quoted(channel_id)}",
            ChannelView,
            body=body,
            headers={**matching(if_match)},
        )

    def delete_channel(self, channel_id: str, *, if_match: str | None = None) -> None:
        """Remove a channel."""
        self.call(
            "DELETE",
            f"/v1/admin/alert-channels/{quoted(channel_id)}",
            type(None),
            headers={**matching(if_match)},
        )

    def test_channel(self, channel_id: str, *, idempotency_key: str | None = None) -> TestResult:
        """Send a test message to this channel.

        At once, also where the channel is switched off.
        """
        from datafly.management.views.alert import TestResult

        return self.call(
            "POST",
            f"/v1/admin/alert-channels/{quoted(channel_id)}/test",
            TestResult,
            headers={**repeated(idempotency_key)},
        )

    def list_episodes(
        self,
        *,
        status: Literal["pending", "firing", "resolved"] | None = None,
        alert_id: str | None = None,
    ) -> Iterator[EpisodeView]:
        """When alerts began, fired and ended, newest first.

        Kept for 90 days after they ended.
        """
        from datafly.management.views.alert import EpisodeView

        return self.each("/v1/admin/alert-episodes", EpisodeView, query={"status": status, "alert_id": alert_id})

    def list_messages(self, *, channel_id: str | None = None) -> Iterator[MessageView]:
        """What was told, to whom, and whether it arrived, newest first."""
        from datafly.management.views.alert import MessageView

        return self.each("/v1/admin/alert-messages", MessageView, query={"channel_id": channel_id})

    def list_alerts(self) -> Iterator[AlertView]:
        """What is watched, and how it stands."""
        from datafly.management.views.alert import AlertView

        return self.each("/v1/admin/alerts", AlertView)

    def create_alert(self, body: AlertBody, *, idempotency_key: str | None = None) -> AlertView:
        """Watch something else."""
        from datafly.management.views.alert import AlertView

        return self.call("POST", "/v1/admin/alerts", AlertView, body=body, headers={**repeated(idempotency_key)})

    def get_alert(self, alert_id: str) -> AlertView:
        """One alert."""
        from datafly.management.views.alert import AlertView

        return self.call("GET", f"/v1/admin/alerts/{quoted(alert_id)}", AlertView)

    def change_alert(self, alert_id: str, body: AlertChange, *, if_match: str | None = None) -> AlertView:
        """Change an alert.

        Its kind stays: for another one make another alert.
        """
        from datafly.management.views.alert import AlertView

        return self.call(
            "PATCH",
            f"/v1/admin/alerts/{quoted(alert_id)}",
            AlertView,
            body=body,
            headers={**matching(if_match)},
        )

    def delete_alert(self, alert_id: str, *, if_match: str | None = None) -> None:
        """Watch something no more.

        What of it fires is resolved. A channel that was told of it alone is switched off.
        """
        self.call("DELETE", f"/v1/admin/alerts/{quoted(alert_id)}", type(None), headers={**matching(if_match)})

    def test_alert(self, alert_id: str, *, idempotency_key: str | None = None) -> TestResults:
        """Send a test message to all that this alert is told to.

        At once, whether it fires or not.
        """
        from datafly.management.views.alert import TestResults

        return self.call(
            "POST",
            f"/v1/admin/alerts/{quoted(alert_id)}/test",
            TestResults,
            headers={**repeated(idempotency_key)},
        )
