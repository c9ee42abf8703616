"""Movable Ink's room: the endpoint of its Customer Data API, as far as it is known, and what arrived there."""

from datafly.sandbox.kit import room_of
from datafly.sandbox.movable_ink.vendor import MOVABLE_INK

room = room_of(MOVABLE_INK)
