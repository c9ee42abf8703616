"""What was sent, without what it says: names and kinds stay, values go (decision 0081)."""

import re
from typing import Any, Final

import msgspec

from datafly.model.refusal import KeptRefusal, Refusal

MOST_CHARACTERS: Final = 4_000
_MOST_NODES: Final = 200
_MOST_ITEMS: Final = 5
_MOST_LEVELS: Final = 12
_MOST_NAME: Final = 64
_EXCERPT: Final = 400
_MOST_MESSAGE: Final = 500
_MOST_DIGITS: Final = 4
_PAGES: Final = frozenset({"page", "screen"})
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_QUOTED: Final = re.compile(r"“([^”]*)”")
_ADDRESS: Final = re.compile(r"\S+@\S+")
_PLACE: Final = re.compile(r"\(byte (\d+)\)")
_LETTER: Final = re.compile(r"[^\W\d_]")
_decode: Final = msgspec.json.Decoder().decode
_FAULTS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def keepable(refusal: Refusal) -> KeptRefusal:
    """Bounded in size, whatever was sent."""
    value = _value(refusal.body)
    told = value if isinstance(value, dict) else {}
    return KeptRefusal(
        pipeline_id=refusal.pipeline_id,
        at_ms=refusal.at_ms,
        stage=refusal.stage,
        door=refusal.door,
        code=refusal.code,
        status=refusal.status,
        message=_masked(refusal.message),
        index=refusal.index,
        type=_said(told, "type"),
        event=_said(told, "event") or _said(told, "name"),
        message_id=_id(refusal.message_id or told.get("messageId")),
        size_bytes=len(refusal.body),
        outline=outline(refusal.body, value, refusal.message),
    )


def plain(text: str) -> str:
    """The text, or `…` if it may be about a person: it has an @, or more digits than a year."""
    digits = sum(character.isdigit() for character in text)
    cut = text if len(text) <= _MOST_NAME else text[: _MOST_NAME - 1] + "…"
    return "…" if "@" in text or digits > _MOST_DIGITS else cut


def outline(body: bytes, value: Any, message: str) -> str:
    """JSON in which every value is named by its kind; of what is no JSON an excerpt with `x` for every letter and `0`
    for every digit.
    """
    if value is _NONE:
        return _excerpt(body, message)
    return msgspec.json.encode(_Outliner().of(value, 0, top=True)).decode()[:MOST_CHARACTERS]


_NONE: Final = object()


def _value(body: bytes) -> Any:
    try:
        return _decode(body)
    except _FAULTS:
        return _NONE


def _masked(message: str) -> str:
    """What a message quotes of an event stands in “”."""
    quoted = _QUOTED.sub(lambda found: f"“{plain(found[1])}”", message)
    return _ADDRESS.sub("…", quoted)[:_MOST_MESSAGE]


def _said(event: dict[str, Any], field: str) -> str | None:
    """What the event is called, as it was said; None where it said nothing that may be kept. A `name` may be a
    person's, but that of a page.
    """
    told = event.get(field)
    if not isinstance(told, str):
        return None
    if field in {"type", "event"} or (field == "name" and event.get("type") in _PAGES):
        return plain(told)
    return _id(told) if field == "messageId" else None


def _id(told: Any) -> str | None:
    return told if isinstance(told, str) and _ID.fullmatch(told) else None


class _Outliner:
    """One outline: so many nodes, then nothing more is told."""

    def __init__(self) -> None:
        self._left = _MOST_NODES

    def of(self, value: Any, level: int, *, top: bool = False) -> Any:
        self._left -= 1
        if isinstance(value, dict):
            return self._object(value, level, top=top)
        if isinstance(value, list):
            return self._list(value, level)
        if isinstance(value, str):
            return f"text of {len(value)}"
        return value if value is None or isinstance(value, bool) else "number"

    def _object(self, value: dict[str, Any], level: int, *, top: bool) -> Any:
        if level >= _MOST_LEVELS:
            return "object"
        found: dict[str, Any] = {}
        for name, inner in value.items():
            if self._left <= 0:
                found["…"] = f"{len(value) - len(found)} more"
                break
            said = _said(value, name) if top else None
            found[plain(name)] = self.of(inner, level + 1) if said is None else said
        return found

    def _list(self, value: list[Any], level: int) -> Any:
        if level >= _MOST_LEVELS:
            return "array"
        shown = [self.of(inner, level + 1) for inner in value[:_MOST_ITEMS] if self._left > 0]
        return shown if len(shown) == len(value) else [*shown, f"{len(value) - len(shown)} more"]


def _excerpt(body: bytes, message: str) -> str:
    """From the beginning, or from before the place that the message names."""
    place = _PLACE.search(message)
    start = max(0, int(place[1]) - _EXCERPT // 2) if place else 0
    text = body[start : start + _EXCERPT].decode("utf-8", "replace")
    masked = _LETTER.sub("x", re.sub(r"\d", "0", text))
    shown = "".join(character if character.isprintable() else "�" for character in masked)
    return f"{'…' if start else ''}{shown}{'…' if start + _EXCERPT < len(body) else ''}"
