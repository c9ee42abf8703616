"""The panel: what a person of an Insider account does there, in the words of the integration's page."""

from litestar import Router

from datafly.sandbox.insider.state import State
from datafly.sandbox.rooms import Clock


def panel_routes(_state: State, _clock: Clock) -> Router:
    return Router("/insider/panel", route_handlers=[])
