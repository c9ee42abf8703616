"""What a vendor is not to know, by the rules of the pipeline on personal data: decided when an event is shaped, so that
it also holds for what was kept, or waits, from before there was such a rule.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from datafly.model.event import Event
from datafly.model.pii import PiiRules, sent
from datafly.spec.compiled import Compiled

T = TypeVar("T")


def by_rules(compiled: Compiled, rules: PiiRules) -> Compiled:
    """Itself where the rules are about nothing that it is sent."""
    cleaner = sent(rules, compiled.vendor)
    if cleaner is None:
        return compiled
    clean, whom = cleaner.event, compiled.whom
    shape = told_less(compiled.shape, rules, compiled.vendor)
    return msgspec.structs.replace(compiled, shape=shape, whom=lambda event: whom(clean(event)))


def told_less(made: Callable[[Event, int], T], rules: PiiRules, vendor: str) -> Callable[[Event, int], T]:
    """As `made`, of an event without what the vendor is not to know."""
    cleaner = sent(rules, vendor)
    if cleaner is None:
        return made
    clean = cleaner.event
    return lambda event, now_ms: made(clean(event), now_ms)
