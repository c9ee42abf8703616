"""The rulings that delivery itself gives, with cause and cure for a person."""

from typing import Final

import msgspec

from datafly.model import delivery as model
from datafly.model.verdict import Ruling, Verdict

DISABLED: Final = Ruling(
    Verdict.SKIPPED, "disabled", "The integration was disabled when this event was due.", "Enable it again."
)
REMOVED: Final = Ruling(
    Verdict.SKIPPED,
    "installation_removed",
    "The integration was removed before this event was sent.",
    "Install it again; events from then on are sent.",
)
RETENTION: Final = Ruling(
    Verdict.EXHAUSTED,
    "retention",
    "The log had to drop this event before it could be sent.",
    "Give the log more space or time (retention_bytes, retention_hours).",
)
NOTHING_TO_SEND: Final = Ruling(
    Verdict.SKIPPED, "nothing_to_send", "The integration makes no request of this event.", "Nothing needs to be done."
)
_REPORT: Final = "This is a fault of Signal: please report it. Replay the event once it is mended."


POSSIBLY_DOUBLED: Final = Ruling(
    Verdict.DELIVERED,
    model.POSSIBLY_DOUBLED,
    "An answer was lost after sending, or Signal was cut off before it came, so it was sent again; the vendor cannot "
    "tell, and may have taken it twice.",
    "Look there whether it is doubled, if it matters.",
)


UNCHANGED: Final = Ruling(
    Verdict.SKIPPED,
    "unchanged",
    "The vendor took all that the event says before, with the same values.",
    "Nothing: what does not change is not paid for again. It is sent once more when something else is said.",
)
DAILY_CAP: Final = "daily_cap"


def over_cap(cap: int, unit: str) -> Ruling:
    return Ruling(
        Verdict.SKIPPED,
        DAILY_CAP,
        f"The daily cap of {cap:,} {unit} is reached.",
        "Raise the cap, or let events wait for the next day; then replay it.",
    )


def held_by_cap(cap: int, unit: str) -> Ruling:
    return Ruling(
        Verdict.SUSPENDED,
        DAILY_CAP,
        f"The daily cap of {cap:,} {unit} is reached; events wait until midnight, UTC.",
        "Raise the cap, and they are sent at once.",
    )


def taken_as_job(ticket: str) -> Ruling:
    return Ruling(
        Verdict.DELIVERED,
        "taken_as_job",
        f"The vendor took it as a job ({ticket}) and works on it; what it then refuses becomes REJECTED.",
        "Nothing needs to be done.",
    )


def unreadable(words: str) -> Ruling:
    return Ruling(Verdict.REJECTED, "unreadable_event", f"The stored event cannot be read: {words}", _REPORT)


def shape_failed(words: str) -> Ruling:
    return Ruling(Verdict.REJECTED, "shape_failed", f"Making the request failed: {words}", _REPORT)


def judge_failed(words: str) -> Ruling:
    return Ruling(Verdict.RETRY, "judge_failed", f"The answer could not be judged: {words}", _REPORT)


def cannot_compile(words: str) -> Ruling:
    return Ruling(
        Verdict.SUSPENDED,
        "cannot_compile",
        f"The integration cannot be set up: {words}",
        "Correct its configuration; everything that waits is sent then.",
    )


def too_large(size: int, limit: int) -> Ruling:
    return Ruling(
        Verdict.REJECTED,
        "too_large",
        f"The event makes a request of {size} bytes; the vendor takes {limit}.",
        "Send less with this event.",
    )


def exhausted(last: Ruling) -> Ruling:
    """The last try's ruling, become final."""
    return msgspec.structs.replace(
        last,
        verdict=Verdict.EXHAUSTED,
        reason=last.reason or "retries_ran_out",
        cause=last.cause or "The vendor went on failing for this event while it took others.",
        cure=last.cure or "Replay it once the vendor takes it.",
        retry_after_seconds=None,
    )
