"""The room of webhooks: inboxes that take whatever is sent and tell of every request whether its signature holds."""

from datafly.sandbox.kit import room_of
from datafly.sandbox.signed_webhook.vendor import WEBHOOK

room = room_of(WEBHOOK)
"""An inbox is a key of the room."""
