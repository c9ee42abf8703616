"""Faults on demand as a form of a panel."""

from collections.abc import Mapping
from typing import Any

import msgspec

from datafly.sandbox.faults import Fault, FaultQueue

_MOST_LAG_SECONDS = 86_400

# What can be asked for, by the value of the form, in the words of the page.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "429": ("429, too many requests", {"status": 429}),
    "500": ("500, unknown error", {"status": 500}),
    "503": ("503, unavailable", {"status": 503}),
    "504": ("504, gateway timeout", {"status": 504}),
    "504-applied": ("504, though the request took effect", {"status": 504, "applied": True}),
    "520": ("520, an HTML page of a proxy", {"status": 520}),
    "401": ("401, bad key", {"status": 401}),
    "403": ("403, access denied", {"status": 403}),
    "slow": ("A slow answer, and the right one", {}),
    "drop-before": ("Connection reset before the request takes effect", {"drop": "before"}),
    "drop-after": ("Connection reset after the request took effect", {"drop": "after"}),
    "truncated": ("Truncated body: the connection ends half-way", {"spoil": "truncated"}),
    "malformed": ("Malformed body: JSON without its end", {"spoil": "malformed"}),
}


class FaultForm(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = "503"
    count: str = "1"
    delay_ms: str = "0"
    retry_after: str = ""


def read_form(fields: Mapping[str, object]) -> FaultForm:
    return FaultForm(**{name: str(fields.get(name, "")).strip() for name in FaultForm.__struct_fields__})


def shown(form: FaultForm, faults: FaultQueue) -> dict[str, Any]:
    """What `faults.html` draws."""
    return {
        "form": form,
        "kinds": {kind: words for kind, (words, _) in KINDS.items()},
        "queued": [(worded_fault(fault), fault.count) for fault in faults.waiting()],
    }


def lag_in(text: str) -> float:
    """Seconds in a form; raises ValueError with the sentence for the page."""
    seconds = whole("Delay of visibility", text or "0")
    if seconds > _MOST_LAG_SECONDS:
        raise ValueError(f"Delay of visibility is at most {_MOST_LAG_SECONDS} seconds.")
    return float(seconds)


def as_fault(form: FaultForm) -> Fault:
    if form.kind not in KINDS:
        raise ValueError("Choose what is to happen.")
    count = whole("How many requests", form.count) if form.count else None
    after = whole("Retry-After", form.retry_after) if form.retry_after else None
    delay_ms = whole("Delay", form.delay_ms or "0")
    return Fault(**KINDS[form.kind][1], count=count, retry_after=after, delay_ms=delay_ms)


def whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{name} is a whole number, not “{text}”.")
    return int(text)


def worded_fault(fault: Fault) -> str:
    """What a queued fault does, in the words of the form where it has them."""
    asked = msgspec.structs.asdict(fault)
    named = [words for words, fields in KINDS.values() if fields and all(asked[key] == fields[key] for key in fields)]
    words = [named[-1] if named else f"Status {fault.status}" if fault.status else "A slow answer"]
    if fault.delay_ms:
        words.append(f"after {fault.delay_ms} ms")
    if fault.retry_after is not None:
        words.append(f"Retry-After {fault.retry_after}")
    return ", ".join(words)
