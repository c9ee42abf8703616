"""Step 4, clock skew: when the event happened, by our clock.

A sender's clock may be wrong, but the same clock wrote `timestamp` and `sentAt`: what lies between them is right. So
the event happened that long before we received it (Segment's rule: receivedAt - (sentAt - timestamp)). Without `sentAt`
the timestamp counts as it is. Nothing happens after it was received: a later time becomes the time of receipt, and so
does one that is missing, unreadable or before 1970.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

NAME: Final = "clock_skew"
WORTH_SAYING_MS: Final = 1_000
"""Less than this is the way through the network; it is corrected, and not told."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Moment(msgspec.Struct, gc=False):
    """`effect` empty: nothing worth saying."""

    ms: int
    effect: str = ""


def correct(timestamp: object, sent_ms: int | None, received_ms: int) -> Moment:
    if timestamp is None:
        return Moment(received_ms)
    ms = milliseconds(timestamp)
    if ms is None:
        return Moment(received_ms, f"timestamp “{str(timestamp)[:40]}” cannot be read: the time of receipt counts")
    skew = 0 if sent_ms is None else received_ms - sent_ms
    corrected = ms + skew
    if corrected > received_ms:
        words = "timestamp is {} in the future: the time of receipt counts"
        return Moment(received_ms, _told(corrected - received_ms, words))
    if corrected < 0:
        return Moment(received_ms, "timestamp is before 1970: the time of receipt counts")
    if -WORTH_SAYING_MS < skew < WORTH_SAYING_MS:
        return Moment(corrected)
    words = "the sender's clock is {} behind" if skew > 0 else "the sender's clock is {} ahead"
    return Moment(corrected, _told(abs(skew), words))


def milliseconds(timestamp: object) -> int | None:
    """Since the epoch, of an ISO 8601 time; one without zone is UTC. None: it is none."""
    if not isinstance(timestamp, str):
        return None
    try:
        moment = datetime.fromisoformat(timestamp)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None


def _told(milliseconds: int, words: str) -> str:
    return words.format(_duration(milliseconds)) if milliseconds >= WORTH_SAYING_MS else ""


def _duration(milliseconds: int) -> str:
    seconds = milliseconds / 1_000
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} seconds"
