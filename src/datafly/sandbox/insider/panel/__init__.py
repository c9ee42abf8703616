"""The panel: what a person of an Insider account does there, in the words of the integration's page."""

from litestar import Router
from litestar.di import Provide

from datafly.sandbox.guards import writes_come_from_here
from datafly.sandbox.insider.conditions import Conditions
from datafly.sandbox.insider.panel import account, audience, inspector, keys, rules, session, weather
from datafly.sandbox.insider.panel.frame import ROOT, Panel
from datafly.sandbox.insider.state import State
from datafly.sandbox.rooms import Clock


def panel_routes(state: State, conditions: Conditions, clock: Clock) -> tuple[Router, Router]:
    """Everything under the panel's prefix, where all but the log-in asks for a session; and one page for everybody."""
    panel = Panel(state, conditions, clock)
    provided = {"panel": Provide(lambda: panel, sync_to_thread=False, use_cache=True)}
    rooms = (account, audience, inspector, keys, rules, session, weather)
    signed_in = Router(
        ROOT,
        route_handlers=[route for room in rooms for route in room.ROUTES],
        dependencies={**provided, "visit": Provide(session.provide_visit)},
        exception_handlers={session.NotSignedIn: session.ask_to_log_in},
        guards=[writes_come_from_here],
    )
    return signed_in, Router("/insider/sandbox", route_handlers=[inspector.ours_page], dependencies=provided)


__all__ = ["panel_routes"]
