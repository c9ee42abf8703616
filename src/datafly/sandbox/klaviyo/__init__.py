"""Klaviyo's room: its events, profiles and subscriptions APIs, and the account that they fill."""

from datafly.sandbox.kit import room_of
from datafly.sandbox.klaviyo.vendor import KLAVIYO

room = room_of(KLAVIYO)
