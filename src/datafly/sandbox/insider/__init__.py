"""Insider's room: its Unification API as documented, and a panel that shows what arrived."""

from datafly.sandbox.insider.api import InsiderApi
from datafly.sandbox.insider.conditions import Conditions
from datafly.sandbox.insider.control import control_routes
from datafly.sandbox.insider.panel import panel_routes
from datafly.sandbox.insider.state import State
from datafly.sandbox.rooms import Clock, OpenRoom, Room
from datafly.sandbox.settings import SandboxSettings


def _open(settings: SandboxSettings, clock: Clock) -> OpenRoom:
    # The number is of the schema: a file of another one is left alone.
    state = State(settings.data_dir / "sandbox" / "insider-1.sqlite3", settings)
    conditions = Conditions(settings.auth_errors)
    return OpenRoom(
        api=InsiderApi(state, conditions, clock, "/insider"),
        pages=[control_routes(state, conditions, clock), *panel_routes(state, conditions, clock)],
        close=state.close,
    )


room = Room(
    slug="insider",
    name="Insider",
    summary="Users, attributes and events by the Unification API, with the panel of an account.",
    panel_path="/insider/panel",
    example_path="/insider/api/user/v1/upsert",
    own_words_path="/insider/sandbox",
    open=_open,
    settings={"api_key": "{key}", "partner_name": "{partner}"},
)
