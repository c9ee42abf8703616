"""How many deliver, for all that delivery keeps: brought to the number of this start before any of them runs."""

from datafly.observe import emit
from datafly.observe.runtime import RuntimeDeliveryShared
from datafly.store.open import SqlStore


def share_out_deliveries(store: SqlStore, workers: int) -> None:
    """Nothing is lost by another number, and nothing that is final is sent again."""
    known = {installation.id for installation in store.control.installations(removed=True)}
    if changed := store.ledger.share_out(known, workers):
        emit(RuntimeDeliveryShared(workers=workers, installations=tuple(changed)))
