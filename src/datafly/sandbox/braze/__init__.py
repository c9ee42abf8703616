"""Braze's room: its user API, and the workspace that it fills."""

from datafly.sandbox.braze.vendor import BRAZE
from datafly.sandbox.kit import room_of

room = room_of(BRAZE)
