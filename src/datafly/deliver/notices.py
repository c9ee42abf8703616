"""What is worth a look, as sentences that can be counted: field names stay in them, values do not."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from datafly.model.delivery import DRIFT, LIVE, WARNING, Attempt, Notice
from datafly.model.secret import redact

_QUOTED: Final = re.compile(r"“[^”]*”")
_PLACE: Final = re.compile(r"\[\d+\]")
_COUNT: Final = re.compile(r"^\d+")
_NUMBER: Final = re.compile(r"\d+")
_MOST_CHARS: Final = 400


def warnings_of(attempt: Attempt, finals: Iterable[int]) -> tuple[Notice, ...]:
    """Of those of its events that became final with it, so that each is counted once; a replay's were counted before.

    An event counts once for each sentence.
    """
    if not attempt.warnings or attempt.run_id != LIVE:
        return ()
    found: Counter[str] = Counter()
    for offset in finals:
        found.update({without_values(warning) for warning in attempt.warnings.get(offset, ())})
    return tuple(
        Notice(attempt.installation_id, WARNING, sentence, events, attempt.started_ms)
        for sentence, events in found.items()
    )


def drift_of(installation_id: str, drift: str, secrets: frozenset[str], at_ms: int) -> Notice:
    """An answer that contradicts the vendor's contract."""
    return Notice(installation_id, DRIFT, _NUMBER.sub("n", redact(drift, secrets))[:_MOST_CHARS], 1, at_ms)


@lru_cache(maxsize=4096)
def without_values(warning: str) -> str:
    """`products[2].price is “x”` → `products[].price is “…”`. A warning quotes values in “”, and nothing else."""
    return _COUNT.sub("…", _PLACE.sub("[]", _QUOTED.sub("“…”", warning)))[:_MOST_CHARS]
