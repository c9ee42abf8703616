"""The common part: the sandbox of a vendor that has no room of its own, drawn from its definition alone.

The only part of the sandbox that reads definitions. A room of a vendor's own shares nothing with the mapping that it
judges; this one cannot find a misreading of the vendor's documents, and says so on its pages.
"""

from datafly.catalog import all_but
from datafly.sandbox.drawn.vendor import drawn
from datafly.sandbox.kit import room_of
from datafly.sandbox.rooms import Room, find_rooms


def every_room() -> tuple[Room, ...]:
    """A room for each integration that can be sent elsewhere: its own, else one that is drawn; by slug."""
    own = find_rooms()
    others = (drawn(one) for one in all_but({room.slug for room in own}))
    return tuple(sorted((*own, *(room_of(one) for one in others if one)), key=lambda room: room.slug))
