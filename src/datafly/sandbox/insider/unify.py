"""Deciding whose profile an upsert goes to, from who holds which of its identifiers already; pure.

How Insider settles conflicts is not published; these rules are ours. Identifiers are taken by the account's
priority. The first that is held by a profile names the target, unless what came before does not fit into it
(a profile holds only so many values of a type); another holder is merged into the target where both fit into
one; what does not fit stays where it is and is told in the inspector.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from datafly.sandbox.insider.identifiers import Identifier

Held = Mapping[int, Counter[str]]


class Resolution(msgspec.Struct, frozen=True):
    """`target` None: a new profile. `added` are new identifiers of it, `merged` profiles that end in it."""

    target: int | None
    added: tuple[Identifier, ...]
    merged: tuple[int, ...]
    left: tuple[tuple[Identifier, str], ...]


def resolve(
    holders: Sequence[tuple[Identifier, int | None]],
    held: Held,
    limit_of: Callable[[str], int],
    *,
    target: int | None = None,
) -> Resolution:
    """`holders` pairs each identifier, by priority, with the profile that holds it; `held` counts theirs by type.

    A `target` given from outside is one that the request named by its profile id.
    """
    counts = Counter(held[target]) if target is not None else Counter()
    added: list[Identifier] = []
    merged: list[int] = []
    left: list[tuple[Identifier, str]] = []
    for identifier, holder in holders:
        gained = Counter({identifier.type: 1}) if holder is None else held[holder]
        if holder is not None and (holder == target or holder in merged):
            continue
        if not _fits(counts + gained, limit_of):
            left.append((identifier, _why_left(holder)))
            continue
        counts += gained
        if holder is None:
            added.append(identifier)
        elif target is None:
            target = holder
        else:
            merged.append(holder)
    return Resolution(target, tuple(added), tuple(merged), tuple(left))


def _fits(counts: Counter[str], limit_of: Callable[[str], int]) -> bool:
    return all(count <= limit_of(identifier_type) for identifier_type, count in counts.items())


def _why_left(holder: int | None) -> str:
    if holder is None:
        return "the profile holds its limit of such values; upsert does not change them (PATCH identity does)"
    return "belongs to another profile, and the two do not fit into one"
