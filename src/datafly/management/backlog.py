"""How much waits, noted now and then, so that its past can be told: it can be read of nothing that is kept."""

from datafly.management.services import Composed
from datafly.management.standings import Standings

LOOK_SECONDS = 20.0


def note_waiting(services: Composed) -> None:
    """Of every installation in force, by the minute of now. Blocking."""
    standings = Standings(services)
    waiting = {one.id: standings.lag(one) for one in services.control.installations()}
    if waiting:
        services.ledger.note_waiting(services.clock.now_ms(), waiting)
