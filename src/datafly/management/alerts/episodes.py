"""How an episode goes on: pending, firing, resolved. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from datafly.management.alerts.readings import Reading
from datafly.model.alert import AlertRule, Episode, Mention
from datafly.store.ids import fresh_id


class Step(msgspec.Struct, frozen=True):
    """What changes: episodes to keep, ids of those that never fired, and what is to be told."""

    episodes: tuple[Episode, ...] = ()
    dropped: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()


def step(read: Mapping[str, tuple[AlertRule, Sequence[Reading]]], known: Iterable[Episode], now_ms: int) -> Step:
    """`read`: rule id → the rule and what it read. Of `known`, what nobody watches any more ends."""
    left = {(one.rule_id, one.subject): one for one in known}
    found: list[Step] = []
    for rule, readings in read.values():
        found += [_advance(rule, one, left.pop((rule.id, one.subject), None), now_ms) for one in readings]
    found += [_abandoned(one, now_ms) for one in left.values()]
    return Step(
        tuple(one for part in found for one in part.episodes),
        tuple(one for part in found for one in part.dropped),
        tuple(one for part in found for one in part.mentions),
    )


def _advance(rule: AlertRule, reading: Reading, episode: Episode | None, now_ms: int) -> Step:
    if reading.bad:
        return _holds(rule, reading, episode or _begun(rule, reading, now_ms), now_ms, is_new=episode is None)
    if episode is None:
        return Step()
    if episode.state == "pending":
        return Step(dropped=(episode.id,))
    return _calm(rule, episode, now_ms)


def _begun(rule: AlertRule, reading: Reading, now_ms: int) -> Episode:
    return Episode(
        id=fresh_id("eps", now_ms),
        rule_id=rule.id,
        rule_name=rule.name,
        kind=rule.kind,
        subject=reading.subject,
        subject_name=reading.name,
        state="pending",
        began_ms=now_ms,
        value=reading.value,
        sentence=reading.sentence,
    )


def _holds(rule: AlertRule, reading: Reading, episode: Episode, now_ms: int, *, is_new: bool) -> Step:
    seen = msgspec.structs.replace(episode, value=reading.value, sentence=reading.sentence, calm_ms=None)
    if episode.state == "pending" and now_ms - episode.began_ms >= rule.for_seconds * 1000:
        fired = msgspec.structs.replace(seen, state="firing", fired_ms=now_ms, told_ms=now_ms)
        return Step((fired,), mentions=(Mention("firing", fired),))
    if episode.state == "firing" and _is_due(rule, episode, now_ms):
        again = msgspec.structs.replace(seen, told_ms=now_ms)
        return Step((again,), mentions=(Mention("reminder", again),))
    worth_keeping = is_new or seen.value != episode.value or episode.calm_ms is not None
    return Step((seen,)) if worth_keeping else Step()


def _is_due(rule: AlertRule, episode: Episode, now_ms: int) -> bool:
    return rule.remind_seconds > 0 and now_ms - (episode.told_ms or now_ms) >= rule.remind_seconds * 1000


def _calm(rule: AlertRule, episode: Episode, now_ms: int) -> Step:
    calm_ms = now_ms if episode.calm_ms is None else episode.calm_ms
    if now_ms - calm_ms < rule.clear_seconds * 1000:
        return Step((msgspec.structs.replace(episode, calm_ms=calm_ms),)) if episode.calm_ms is None else Step()
    return _ended(episode, now_ms)


def _abandoned(episode: Episode, now_ms: int) -> Step:
    if episode.state == "pending":
        return Step(dropped=(episode.id,))
    return _ended(msgspec.structs.replace(episode, sentence="It is not watched any more."), now_ms)


def _ended(episode: Episode, now_ms: int) -> Step:
    ended = msgspec.structs.replace(episode, state="resolved", resolved_ms=now_ms, told_ms=now_ms)
    return Step((ended,), mentions=(Mention("resolved", ended),))
