"""What was refused, read from the machine itself, while Signal runs or not."""

import time
from collections.abc import Iterator

from datafly.model.refusal import KeptRefusal
from datafly.runtime.prepare import open_the_store
from datafly.runtime.source import pipeline_named
from datafly.settings import Settings

_AGAIN_SECONDS = 1.0
_MOST = 1_000


def refused(
    settings: Settings, *, pipeline: str, code: str | None, limit: int, follow: bool
) -> Iterator[tuple[int, KeptRefusal]]:
    """The newest, oldest first, with their ids; with `follow` also those to come, without end. `pipeline`: its id, slug
    or name; empty is all. Raises `OperatorError`.
    """
    store = open_the_store(settings)
    try:
        pipeline_id = pipeline_named(store.control, pipeline).id if pipeline else None
        rows = store.intake.refusals(pipeline_id, code=code, limit=limit)
        yield from reversed(rows)
        seen = rows[0][0] if rows else 0
        while follow:
            time.sleep(_AGAIN_SECONDS)
            for row_id, kept in reversed(store.intake.refusals(pipeline_id, code=code, limit=_MOST)):
                if row_id > seen:
                    seen = row_id
                    yield row_id, kept
    finally:
        store.close()
