"""How values are worded on the pages: times, numbers, verdicts, JSON."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from markupsafe import Markup

from datafly.model.consent import SAID_BY
from datafly.model.verdict import Verdict

_LONGEST_SHOWN: Final = 100_000

TONES: Final = {
    "DELIVERED": "good",
    "REJECTED": "bad",
    "EXHAUSTED": "bad",
    "SKIPPED": "quiet",
    "running": "good",
    "suspended": "bad",
    "backing_off": "warn",
    "retrying": "warn",
    "paused": "warn",
    "disabled": "quiet",
    "queued": "accent",
    "removed": "quiet",
    "cancelled": "quiet",
    "ok": "good",
    "pending": "warn",
    "firing": "bad",
    "resolved": "quiet",
    "sent": "good",
    "failed": "bad",
    "done": "good",
    "ready": "good",
    "not_ready": "warn",
    "vendor_only": "quiet",
    "arrives": "good",
    "partly": "warn",
    "stopped": "warn",
    "missing": "bad",
    "waiting": "accent",
    "nothing_to_do": "quiet",
    "not_done": "bad",
    "by_hand": "warn",
}
LABELS: Final = {
    "DELIVERED": "Delivered",
    "REJECTED": "Rejected",
    "EXHAUSTED": "Gave up",
    "SKIPPED": "Skipped",
    "SUSPENDED": "Suspended",
    "RETRY": "Retrying",
    "running": "Running",
    "suspended": "Suspended",
    "backing_off": "Backing off",
    "retrying": "Retrying",
    "paused": "Paused",
    "disabled": "Disabled",
    "queued": "Waiting",
    "waiting": "Under way",
    "nothing_to_do": "Nothing to do",
    "not_done": "Not done",
    "by_hand": "To do by hand",
    "removed": "Uninstalled",
    "cancelled": "Cancelled",
    "ok": "Well",
    "pending": "About to fire",
    "firing": "Fires",
    "resolved": "Ended",
    "due": "About to be sent",
    "unknown": "May have arrived",
    "done": "Done",
    "ready": "Ready",
    "not_ready": "Not ready",
    "vendor_only": "Vendor only",
    "arrives": "Arrives",
    "partly": "Partly",
    "stopped": "Stopped",
    "missing": "Missing",
}
MEANINGS: Final = {
    "DELIVERED": "The vendor took it.",
    "REJECTED": "The vendor refuses this event as it is. It is kept, and can be sent again.",
    "EXHAUSTED": "Signal tried for as long as it may. It is kept, and can be sent again.",
    "SKIPPED": "Signal did not send it, on purpose; the reason is beside it.",
    "running": "Events are sent as they come.",
    "suspended": "The vendor refuses the account or key. Events wait; nothing is lost.",
    "backing_off": "The vendor does not answer well. Signal probes it and goes on by itself.",
    "retrying": "It is tried again by itself.",
    "paused": "Events wait until you resume it.",
    "disabled": "Events that come are skipped.",
    "queued": "Its turn has not come yet.",
    "cancelled": "It was ended; what was sent stays sent.",
    "removed": "It gets no more events.",
    "pending": "It is so, but not for long enough yet.",
    "unknown": "Signal ended while it was sent; it is not sent twice.",
}
VERDICTS: Final = tuple(
    (verdict.value, LABELS[verdict.value])
    for verdict in (
        Verdict.DELIVERED,
        Verdict.REJECTED,
        Verdict.EXHAUSTED,
        Verdict.SKIPPED,
        Verdict.RETRY,
        Verdict.SUSPENDED,
    )
)


def label(name: str | None) -> str:
    return LABELS.get(name or "", (name or "decided").replace("_", " ").capitalize())


def tone(name: str | None) -> str:
    return TONES.get(name or "", "quiet")


def meaning(name: str | None) -> str:
    return MEANINGS.get(name or "", "")


def when(moment: datetime | None, only: str = "") -> Markup:
    """A time in UTC; a script puts it in the viewer's zone and leaves UTC for who hovers. `only`: "time"."""
    if moment is None:
        return Markup('<span class="muted">never</span>')
    utc = moment.astimezone(UTC)
    shown = f"{utc:%H:%M:%S} UTC" if only == "time" else f"{utc.day} {utc:%b %Y, %H:%M:%S} UTC"
    exact = f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d} UTC"
    return Markup('<time datetime="{}" title="{}" data-only="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), exact, only, shown
    )


def number(value: float) -> str:
    return f"{value:,.0f}"


def many(count: int) -> str:
    """So many events, with the verb."""
    return "1 event is" if count == 1 else f"{count:,} events are"


def compact(value: float) -> str:
    """12,345 → 12.3 k."""
    for bound, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= bound:
            return f"{value / (1e3 if sign == 'k' else bound):.1f} {sign}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def lasting(seconds: float) -> str:
    """A stretch of time, in the unit that fits."""
    for bound, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= bound:
            return f"{seconds / bound:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"


def milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f} ms" if value < 1_000 else f"{value / 1_000:.1f} s"


def pretty(value: Any) -> str:
    """JSON with line breaks, text as it is; cut where a page would choke on it."""
    if value is None:
        return "(empty)"
    text = value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value)).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}\n… and {len(text) - _LONGEST_SHOWN} more"


def shown(value: Any) -> str:
    """One value in a line."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def said_by(source: str) -> str:
    return SAID_BY.get(source, source)


FILTERS: Final = {
    "said_by": said_by,
    "label": label,
    "tone": tone,
    "meaning": meaning,
    "when": when,
    "number": number,
    "compact": compact,
    "lasting": lasting,
    "ms": milliseconds,
    "pretty": pretty,
    "shown": shown,
}
