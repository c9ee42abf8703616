"""The panel: what a person of an Insider account does there, in the words of the integration's page."""

from litestar import Router
from litestar.di import Provide

from datafly.sandbox.guards import writes_come_from_here
from datafly.sandbox.insider.panel import account, audience, inspector, keys, session
from datafly.sandbox.insider.panel.frame import ROOT, Panel
from datafly.sandbox.insider.state import State
from datafly.sandbox.rooms import Clock


def panel_routes(state: State, clock: Clock) -> Router:
    """Everything under the panel's prefix; all of it but the log-in asks for a session."""
    panel = Panel(state, clock)
    rooms = (account.ROUTES, audience.ROUTES, inspector.ROUTES, keys.ROUTES, session.ROUTES)
    return Router(
        ROOT,
        route_handlers=[route for routes in rooms for route in routes],
        dependencies={
            "panel": Provide(lambda: panel, sync_to_thread=False, use_cache=True),
            "visit": Provide(session.provide_visit),
        },
        exception_handlers={session.NotSignedIn: session.ask_to_log_in},
        guards=[writes_come_from_here],
    )


__all__ = ["panel_routes"]
