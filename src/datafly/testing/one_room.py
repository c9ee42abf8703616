"""A sandbox with the room of one vendor alone, which opens several times as fast as all of them."""

from datafly.sandbox.app import Sandbox
from datafly.sandbox.drawn import every_room
from datafly.sandbox.rooms import Clock
from datafly.sandbox.settings import SandboxSettings


def one_room(slug: str, settings: SandboxSettings, clock: Clock) -> Sandbox:
    """As `create_app`; raises `ValueError` where no room has that slug."""
    (room,) = (room for room in every_room() if room.slug == slug)
    (settings.data_dir / "sandbox").mkdir(parents=True, exist_ok=True)
    return Sandbox([room], settings, clock)
