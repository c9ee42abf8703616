"""A vendor's words → its room."""

from datafly.sandbox.kit.conditions import Conditions
from datafly.sandbox.kit.control import control_routes
from datafly.sandbox.kit.front import Front
from datafly.sandbox.kit.keys import Keys
from datafly.sandbox.kit.panel import panel_routes
from datafly.sandbox.kit.store import Store
from datafly.sandbox.kit.vendor import Vendor
from datafly.sandbox.rooms import Clock, OpenRoom, Room
from datafly.sandbox.settings import SandboxSettings


def room_of(vendor: Vendor) -> Room:
    """With its panel at `/<slug>/panel` and its control API at `/<slug>/_control`."""

    def open_room(settings: SandboxSettings, clock: Clock) -> OpenRoom:
        # The number is of the schema: a file of another one is left alone.
        path = settings.data_dir / "sandbox" / f"{vendor.slug}-kit-1.sqlite3"
        store = Store(path, requests_kept=settings.requests_kept)
        conditions = Conditions(vendor.modes)
        keys = Keys(vendor, store, settings, clock)
        with store.transaction():
            keys.plant()
        return OpenRoom(
            api=Front(vendor, store, conditions, clock),
            pages=[
                control_routes(vendor, store, conditions, keys, clock),
                panel_routes(vendor, store, conditions, keys, clock),
            ],
            close=store.close,
        )

    return Room(
        slug=vendor.slug,
        name=vendor.name,
        summary=vendor.summary,
        panel_path=f"/{vendor.slug}/panel",
        example_path=f"/{vendor.slug}{vendor.example}",
        own_words_path=f"/{vendor.slug}/sandbox",
        roots=vendor.roots,
        open=open_room,
        settings=vendor.settings or {field: f"{{{field}}}" for field in vendor.credential_fields},
        credential_fields=tuple(vendor.credential_fields),
    )
