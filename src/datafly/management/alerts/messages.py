"""What happens at about one time becomes one message for each channel. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from datafly.model.alert import AlertChannel, AlertMessage, Mention
from datafly.store.ids import fresh_id

GROUP_MS: Final = 10_000
"""A message waits so long for what else happens."""


def written(
    mentions: Sequence[Mention], channels: Iterable[AlertChannel], waiting: Iterable[AlertMessage], now_ms: int
) -> list[AlertMessage]:
    """Messages to keep. `waiting`: those that are due, which take up what is new.

    What began and ended before anybody was told is told to nobody: a message that is left empty is to be forgotten.
    """
    open_ones = {one.channel_id: one for one in waiting}
    found = []
    for channel in channels:
        told = [one for one in mentions if not channel.rule_ids or one.episode.rule_id in channel.rule_ids]
        if told and channel.enabled:
            found += _taken_up(channel, told, open_ones.get(channel.id), now_ms)
    return found


def _taken_up(
    channel: AlertChannel, told: Sequence[Mention], before: AlertMessage | None, now_ms: int
) -> list[AlertMessage]:
    """A try that failed may have arrived all the same, so what says something else then has another id."""
    if before is None:
        return [_fresh(channel, tuple(told), now_ms)]
    joined = _joined(before.mentions, told, was_tried=before.tries > 0)
    if before.tries == 0:
        return [msgspec.structs.replace(before, mentions=joined)]
    another = _fresh(channel, joined, now_ms)
    kept = msgspec.structs.replace(another, due_ms=before.due_ms, tries=before.tries, error=before.error)
    return [msgspec.structs.replace(before, mentions=()), kept]


def _joined(before: Sequence[Mention], told: Sequence[Mention], *, was_tried: bool) -> tuple[Mention, ...]:
    kept = {one.episode.id: one for one in before}
    for one in told:
        earlier = kept.pop(one.episode.id, None)
        if earlier is None or earlier.what != "firing" or (was_tried and one.what == "resolved"):
            kept[one.episode.id] = one
        elif one.what != "resolved":
            kept[one.episode.id] = Mention("firing", one.episode)
    return tuple(kept.values())


def _fresh(channel: AlertChannel, mentions: tuple[Mention, ...], now_ms: int) -> AlertMessage:
    return AlertMessage(
        id=fresh_id("alm", now_ms),
        channel_id=channel.id,
        state="due",
        due_ms=now_ms + GROUP_MS,
        mentions=mentions,
        created_ms=now_ms,
    )
