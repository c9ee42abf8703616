"""From where on the log is still needed, by what is durable: for the process that drops old segments."""

from datafly.model.installation import Installation
from datafly.store.base import Control, Ledger


def keep_from(control: Control, ledger: Ledger, partition: int) -> int | None:
    """The lowest offset that an installation in force, a removed one not yet closed, or a replay under way may read.

    None: nobody reads. Blocking.
    """
    marks = ledger.marks()
    needed = [
        mark
        for installation in control.installations(removed=True)
        if (mark := _mark(installation, partition, marks)) is not None
    ]
    for state in ("queued", "running", "paused"):
        first = [replay.first(partition) for replay in control.replays(state=state)]
        needed += [offset for offset in first if offset is not None]
    return min(needed, default=None)


def _mark(installation: Installation, partition: int, marks: dict[tuple[str, int], int]) -> int | None:
    mark = marks.get((installation.id, partition), installation.start.get(partition, 0))
    if installation.removed_ms is not None and mark >= installation.end.get(partition, mark):
        return None
    return mark
