"""When traits were told: what was told later counts, whichever arrives first (decision 0143).

Times are of the event, by a clock that never goes back (`Event.happened_ms`). They stand beside the traits in their
order, one for all where it is the same, and are missing where traits were learnt before times were kept.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from datafly.model.traits import meaning, supersede

AGAIN_MS: Final = 60_000
"""What is told again, and nothing new, is written down when it is so much newer: pages identify again and again."""
MAX_TRAITS: Final = 500
"""Of one user; beyond it the ones told longest ago are forgotten."""

Learnt = tuple[dict[str, Any], list[int]]


def is_late(known_ms: Sequence[int], at_ms: int) -> bool:
    """Whether anything known was told after that."""
    return bool(known_ms) and max(known_ms) > at_ms


def late(known: dict[str, Any], known_ms: Sequence[int], told: Mapping[str, Any], at_ms: int) -> Collection[str]:
    """Which of what was told at that time is superseded by what is known: newer, in any spelling, and different."""
    newer = {meaning(name) for name, ms in times(known, known_ms).items() if ms > at_ms}
    return [name for name in told if meaning(name) in newer and not (name in known and known[name] == told[name])]


def learn(known: dict[str, Any], known_ms: Sequence[int], told: dict[str, Any], at_ms: int) -> Learnt | None:
    """What is known then, and since when; None where it is what was known. New values count as told last; nothing is
    removed but spellings that are superseded.
    """
    before = times(known, known_ms)
    if is_late(known_ms, at_ms):
        gone = late(known, known_ms, told, at_ms)
        told = {name: value for name, value in told.items() if name not in gone}
    if told.items() <= known.items() and all(before[name] + AGAIN_MS >= at_ms for name in told):
        return None
    merged = merge(known, told)
    after = [max(at_ms, before.get(name, 0)) if name in told else before[name] for name in merged]
    return merged, after[:1] if len(set(after)) == 1 else after


def times(known: dict[str, Any], known_ms: Sequence[int]) -> dict[str, int]:
    if len(known_ms) == len(known):
        return dict(zip(known, known_ms, strict=True))
    return dict.fromkeys(known, known_ms[0] if known_ms else 0)


def merge(known: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """New values win, in whatever spelling, and count as told last; nothing is removed."""
    kept = {name: value for name, value in supersede(known, told).items() if name not in told}
    merged = {**kept, **told}
    return dict(list(merged.items())[-MAX_TRAITS:])
