"""The panel of a room: what arrived and what became of it, keys, faults, settings."""

from litestar import Router
from litestar.di import Provide

from datafly.sandbox.guards import writes_come_from_here
from datafly.sandbox.kit.conditions import Conditions
from datafly.sandbox.kit.keys import Keys
from datafly.sandbox.kit.panel import access, inspector, records, weather
from datafly.sandbox.kit.panel.frame import Panel
from datafly.sandbox.kit.store import Store
from datafly.sandbox.kit.vendor import Vendor
from datafly.sandbox.rooms import Clock


def panel_routes(vendor: Vendor, store: Store, conditions: Conditions, keys: Keys, clock: Clock) -> Router:
    """No log-in: it is on this machine, and holds nobody's real data."""
    panel = Panel(vendor, store, conditions, keys, clock)
    provided = {"panel": Provide(lambda: panel, sync_to_thread=False, use_cache=True)}
    parts = (records, inspector, access, weather)
    pages = Router("/panel", route_handlers=[route for part in parts for route in part.ROUTES])
    own = Router("/sandbox", route_handlers=[inspector.ours_page])
    return Router(f"/{vendor.slug}", route_handlers=[pages, own], dependencies=provided, guards=[writes_come_from_here])


__all__ = ["panel_routes"]
