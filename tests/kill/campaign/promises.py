"""What must hold whatever was killed when; each raises `Broken` with the first case where it does not."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

from campaign.sink import Mark, Request
from campaign.tree import Broken
from datafly.log.base import EVENTS
from datafly.log.sqlite import SqliteLog
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Verdict
from datafly.store.open import open_store


@dataclass(frozen=True)
class Killed:
    """`at`: just before. `settled`: the dead are gone, and what they had sent is read (monotonic seconds).
    `of_delivery`: how many that deliver died; `whole`: all of them.
    """

    kind: str
    of_delivery: int
    at: float
    settled: float
    whole: bool = True


@dataclass(frozen=True)
class Repeats:
    """Of one kill and one account, in requests and events. `open`: under way at the sink when it came. `unwritten`:
    answered, but the last of their users, so that what became of them may not have been durable. `again`: came twice.
    """

    open: int
    open_events: int
    unwritten: int
    again: int
    again_events: int


def nothing_is_lost(sent: dict[str, int], arrived: set[Mark]) -> None:
    wanted = {(user, number) for user, count in sent.items() for number in range(count)}
    if wanted != arrived:
        lost, foreign = sorted(wanted - arrived), sorted(arrived - wanted)
        raise Broken(f"{len(lost)} events were lost, as {lost[:5]}; {len(foreign)} were never sent, as {foreign[:5]}")


def order_is_kept(requests: list[Request]) -> None:
    """Events of a user arrive for the first time in order, and a repeat goes back no further than one request."""
    newest: dict[str, int] = {}
    first_of_last: dict[str, int] = {}
    for request in requests:
        lowest: dict[str, int] = {}
        for user, number in request.marks:
            expected = lowest.get(user, first_of_last.get(user, 0))
            if number > newest.get(user, -1) + 1 or number < expected:
                raise Broken(f"{user}: {number} came after {newest.get(user)}, the last request began at {expected}")
            newest[user] = max(newest.get(user, -1), number)
            lowest.setdefault(user, number)
        first_of_last.update(lowest)


def repeats_were_in_flight(requests: list[Request], kills: list[Killed], lanes: int) -> list[Repeats]:
    """For each kill of delivery. What came twice was in flight at a kill between: a request at most for each lane of
    a worker that died; each has `lanes`.
    """
    deadly = [kill for kill in kills if kill.of_delivery]
    under_way = {kill: _under_way(requests, kill) for kill in deadly}
    repeated = _repeated(requests)
    causes = {before: _causes(before, again, deadly) for before, again in repeated.items()}
    left, told = dict(causes), []
    for kill in deadly:
        is_open, unwritten = under_way[kill]
        was_there = {*is_open, *unwritten}
        of_it = [before for before, causes_of in left.items() if kill in causes_of and before in was_there]
        # Whom another kill can explain as well comes last.
        taken = sorted(of_it, key=lambda before: causes[before][-1].at)[: lanes * kill.of_delivery]
        for before in taken:
            del left[before]
        told.append(
            Repeats(
                open=len(is_open),
                open_events=sum(len(one.marks) for one in is_open),
                unwritten=len(unwritten),
                again=len(taken),
                again_events=sum(len(repeated[before].marks) for before in taken),
            )
        )
    if left:
        first = min(left, key=lambda before: before.at)
        raise Broken(
            f"{len(left)} requests came twice beyond what was in flight, the first of {first.at}: {causes[first]}"
        )
    return told


@dataclass
class _Again:
    """What of a request came again, and when first."""

    at: float
    marks: set[Mark]


def _repeated(requests: list[Request]) -> dict[Request, _Again]:
    found: dict[Request, _Again] = {}
    last: dict[Mark, Request] = {}
    for request in requests:
        for mark in request.marks:
            if (before := last.get(mark)) is not None:
                found.setdefault(before, _Again(request.at, set())).marks.add(mark)
            last[mark] = request
    return found


def _causes(before: Request, again: _Again, kills: list[Killed]) -> list[Killed]:
    """The kills that can be why: those between, up to the first of which nothing that delivered came away."""
    between = [kill for kill in kills if before.at <= kill.settled and kill.at <= again.at]
    if not between:
        raise Broken(f"{again.marks} came twice although nothing was killed between {before.at} and {again.at}")
    ends = next((number for number, kill in enumerate(between, 1) if kill.whole), len(between))
    return between[:ends]


def _under_way(requests: list[Request], kill: Killed) -> tuple[list[Request], list[Request]]:
    """Those that the vendor had not answered, and those that were the last of their users."""
    before = [one for one in requests if one.at <= kill.settled]
    is_open = [one for one in before if one.answered_at is None or one.answered_at >= kill.at]
    return is_open, [one for one in _last_of_their_users(before) if one not in is_open]


def _last_of_their_users(requests: list[Request]) -> list[Request]:
    """Those that were followed by no other of any of their users."""
    followed: set[str] = set()
    found = []
    for request in reversed(requests):
        users = {user for user, _ in request.marks}
        if users and not users & followed:
            found.append(request)
        followed |= users
    return found


def every_event_ended_once(data: Path, installations: dict[str, str], message_ids: list[str]) -> None:
    """In the log once, in the ledger of each installation exactly one verdict, and that is DELIVERED."""
    log = SqliteLog(data / "log", {"raw": 1, EVENTS: 1})
    reader = log.reader(EVENTS, 0)
    offsets, offset = {}, 0
    while records := reader.read(offset, max_records=5_000):
        for record in records:
            event = msgspec.json.decode(record.value, type=Event)
            if event.message_id in offsets:
                raise Broken(
                    f"{event.message_id} is twice in the log, at {offsets[event.message_id]} and {record.offset}"
                )
            offsets[event.message_id] = record.offset
        offset = records[-1].offset + 1
    reader.close()
    if offsets.keys() != set(message_ids):
        raise Broken(f"{len(message_ids)} events were acknowledged, {len(offsets)} are in the log")
    key = Secret((data / "encryption.key").read_text().strip())
    with open_store(data, encryption_key=key) as store:
        for account, installation in installations.items():
            _covered_once(account, store.ledger.coverage(installation, 0), sorted(offsets.values()))
            counted = Counter(store.ledger.counts(installation))
            if counted["DELIVERED"] != len(offsets):
                raise Broken(f"{account}: {len(offsets)} events are counted as {dict(counted)}")
            if store.ledger.marks()[installation, 0] != offset:
                raise Broken(f"{account}: its mark is not at the head, {offset}")


def _covered_once(account: str, ranges: list[tuple[int, int, Verdict]], offsets: list[int]) -> None:
    foreign = [one for one in ranges if one[2] is not Verdict.DELIVERED]
    covered = [offset for first, last, _ in ranges for offset in range(first, last + 1)]
    if foreign or covered != offsets:
        twice = [offset for offset, times in Counter(covered).items() if times > 1]
        raise Broken(f"{account}: {foreign[:3]} ended otherwise, {twice[:3]} twice, {len(covered)} of {len(offsets)}")
