"""What a vendor's room is to the sandbox, and how rooms are found: by folder, never by a list."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from litestar.types import ControllerRouterHandler, Receive, Send
from litestar.types.asgi_types import HTTPScope

import datafly.sandbox
from datafly.sandbox.settings import SandboxSettings, SeedKey

VendorApi = Callable[[HTTPScope, Receive, Send], Awaitable[None]]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class OpenRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room in service.

    `api` answers for the vendor under `/<slug>/<root>`, as bare ASGI, so that routes, statuses and even a dropped
    connection are the vendor's and not a framework's. `pages` are the panel and the control API.
    """

    api: VendorApi
    pages: Sequence[ControllerRouterHandler]
    close: Callable[[], None]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's sandbox before it is opened; a package exports one as `room`.

    `own_words_path` is the page of what the sandbox says and the vendor does not document. `roots` are the first words
    of the paths of the vendor's API. `settings`: those of an integration that send it here → how each is written, with
    `{base}` for where the room is, `{partner}`, `{key}` and the names of `credential_fields`.
    """

    slug: str
    name: str
    summary: str
    panel_path: str
    example_path: str
    own_words_path: str = ""
    roots: tuple[str, ...] = ("api",)
    open: Callable[[SandboxSettings, Clock], OpenRoom]
    settings: Mapping[str, str] = {}
    credential_fields: tuple[str, ...] = ()

    def settings_for(self, base: str, key: SeedKey) -> dict[str, str]:
        """What an integration is configured with beside its addresses, so that a room seeded with `key` takes it."""
        known = {"base": base, "partner": key.partner, "key": key.key}
        values = {**dict.fromkeys(self.credential_fields, key.key), **known}
        return {name: template.format_map(values) for name, template in self.settings.items()}


def find_rooms() -> tuple[Room, ...]:
    """Every package of this one that exports a `room`, by slug."""
    packages = [found.name for found in pkgutil.iter_modules(datafly.sandbox.__path__) if found.ispkg]
    modules = (importlib.import_module(f"datafly.sandbox.{name}") for name in packages)
    rooms = (getattr(module, "room", None) for module in modules)
    return tuple(sorted((room for room in rooms if isinstance(room, Room)), key=lambda room: room.slug))
