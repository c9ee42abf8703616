"""Random histories of one installation: who became what, written in any order and grouping."""

import itertools
import uuid
from typing import Any

import msgspec
from hypothesis import strategies as st

from datafly.model.delivery import LIVE, Outcome, Share
from datafly.model.verdict import Ruling, Verdict
from datafly.store import Writing
from datafly.testing.store_writer import attempt

_STRIDES = (1, 2, 1_000, 70_000, 10**9)


class Story(msgspec.Struct, frozen=True):
    """`groups` in the order in which they are written, each by a share, and what must be known after that."""

    installation_id: str
    groups: list[tuple[Share, list[Writing]]]
    shares: int
    finals: dict[int, Verdict]
    mark: int
    asked: list[int]
    counts: dict[str, int]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Offsets in any spacing are dealt out to attempts (some members REJECTED, some left open) and skipped ranges."""
    name = f"pi_{uuid.uuid4().hex}"
    stride = draw(st.sampled_from(_STRIDES))
    offsets = [7 + index * stride for index in range(draw(st.integers(1, 40)))]
    hands = draw(st.lists(st.integers(0, 4), min_size=len(offsets), max_size=len(offsets)))
    fates = draw(st.lists(st.sampled_from("ddddro"), min_size=len(offsets), max_size=len(offsets)))
    dealt = list(zip(offsets, hands, fates, strict=True))
    writings, finals = _skips(name, dealt, stride)
    for hand in range(1, 5):
        members = [(offset, fate) for offset, held, fate in dealt if held == hand]
        if members:
            writings.append(_attempted(f"at_{name}_{hand}", name, members))
            finals |= {offset: Verdict.DELIVERED for offset, fate in members if fate == "d"}
            finals |= {offset: Verdict.REJECTED for offset, fate in members if fate == "r"}
    mark = next((offset for offset in offsets if offset not in finals), offsets[-1] + 1)
    shares = draw(st.integers(1, 4))
    begun = (Share(0, shares), [Writing(begun=((name, LIVE, 0, 0),))])
    marks = [(Share(number, shares), [Writing(marks=((name, LIVE, 0, mark),))]) for number in range(shares)]
    grouped = _grouped(draw, draw(st.permutations(writings)))
    written = [(Share(draw(st.integers(0, shares - 1)), shares), group) for group in grouped]
    asked = [offset + shift for offset in offsets for shift in (-1, 0, 1)] if stride > 1 else offsets
    return Story(
        installation_id=name,
        groups=[begun, *draw(st.permutations([*marks, *written]))],
        shares=shares,
        finals=finals,
        mark=mark,
        asked=asked,
        counts={verdict.value: sum(one is verdict for one in finals.values()) for verdict in Verdict},
    )


def _skips(name: str, dealt: list[tuple[int, int, str]], stride: int) -> tuple[list[Writing], dict[int, Verdict]]:
    """Hand 0 is skipped; neighbours in one range."""
    skipped = [offset for offset, hand, _ in dealt if hand == 0]
    ranges: list[list[int]] = []
    for offset in skipped:
        if ranges and stride == 1 and ranges[-1][-1] + 1 == offset:
            ranges[-1].append(offset)
        else:
            ranges.append([offset])
    ruling = Ruling(Verdict.SKIPPED, "consent_marketing")
    outcomes = [Outcome(name, 0, held[0], held[-1], ruling, decided_ms=1) for held in ranges]
    return [Writing(outcomes=(one,)) for one in outcomes], dict.fromkeys(skipped, Verdict.SKIPPED)


def _attempted(attempt_id: str, name: str, members: list[tuple[int, str]]) -> Writing:
    made = attempt(
        attempt_id,
        name,
        tuple(offset for offset, _ in members),
        tuple(offset for offset, fate in members if fate == "d"),
    )
    ruling = Ruling(Verdict.REJECTED, "bad_record")
    rejected = [
        Outcome(name, 0, o, o, ruling, decided_ms=1, attempt_id=attempt_id) for o, fate in members if fate == "r"
    ]
    return Writing(attempts=(made,), outcomes=tuple(rejected))


def _grouped(draw: st.DrawFn, writings: list[Writing]) -> list[list[Writing]]:
    """Group commits of one to three writings."""
    remaining: Any = iter(writings)
    groups = []
    while group := list(itertools.islice(remaining, draw(st.integers(1, 3)))):
        groups.append(group)
    return groups
