"""What was sent and answered, as the rules on personal data have it now: an attempt stays as it was recorded, and what
a rule takes out or hashes since then is not shown of it.

An attempt has the vendor's own names. So the values that rules are about are found in the event as it was written, and
hidden wherever they stand in the request, the answer and the words about it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

from datafly.management.events_log import EventsLog
from datafly.management.views.event import DeliveryView, PendingView
from datafly.management.views.exchange import AheadView, RequestView, ResponseView
from datafly.model.event import Event
from datafly.model.installation import Installation
from datafly.model.pii import REDACTED, Cleaner, as_text, sent
from datafly.model.traits import meaning
from datafly.model.verdict import Verdict

_EVENT: Final = msgspec.json.Decoder(Event).decode
_TELLING: Final = 4
"""A value of fewer characters, such as an age, is hidden only where its name is the field's: it may stand anywhere. So
may what is true or false."""
_WITHIN: Final = 5
"""Of at least so many it is hidden within longer texts, too."""
_DIALLED: Final = 7
_PHONE: Final = re.compile(r"[+\d][\d\s().-]*")

View = TypeVar("View", DeliveryView, PendingView)


class _Hidden(msgspec.Struct, frozen=True):
    """A value that rules are about; `names`: of its fields."""

    names: frozenset[str]
    text: str
    instead: str


class AsSent:
    def __init__(self, log: EventsLog) -> None:
        self._log = log

    def view(self, view: View, installation: Installation, partition: int, offset: int) -> View:
        """The view itself where no rule is about anything in it. Of an event that is not kept any more that cannot be
        told: nothing is shown that may be.
        """
        cleaner = sent(installation.pii_rules, installation.vendor)
        if cleaner is None:
            return view
        record = self._log.as_written(partition, offset)
        if record is None:
            return view if _is_ours(view) else _shown(view, lambda _value: REDACTED)
        hide = _hiding(_EVENT(record.value), cleaner)
        return _shown(view, hide) if hide else view


def _is_ours(view: DeliveryView | PendingView) -> bool:
    """Nothing was sent, and the words are none about what the event holds: it was lost, forgotten or withheld."""
    return isinstance(view, DeliveryView) and view.request is None and view.verdict is not Verdict.REJECTED


def _hiding(event: Event, cleaner: Cleaner) -> Callable[[Any], Any] | None:
    """None where no rule is about anything in the event."""
    hidden = _by_text(_taken(event, cleaner))
    if not hidden:
        return None
    long = sorted((text for text in hidden if len(text) >= _WITHIN and _tells(text)), key=len, reverse=True)
    within = re.compile("|".join(map(re.escape, long)), re.IGNORECASE) if long else None
    phones = {_ending(text): one for text, one in hidden.items() if _is_phone(text)}

    def hide(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: hide(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [hide(inner, name) for inner in value]
        if value is None:
            return value
        text = as_text(value)
        known = hidden.get(text) or _dialled(text, phones)
        if known and (_tells(text) or meaning(name) in known.names):
            return known.instead
        if within is None or not isinstance(value, str):
            return value
        return within.sub(lambda met: hidden[met[0].lower()].instead if met[0].lower() in hidden else REDACTED, value)

    return hide


def _by_text(taken: Iterable[_Hidden]) -> dict[str, _Hidden]:
    """Several fields may have the same value."""
    found: dict[str, _Hidden] = {}
    for one in taken:
        before = found.get(one.text)
        found[one.text] = msgspec.structs.replace(one, names=one.names | before.names) if before else one
    found.pop("", None)
    return found


def _taken(event: Event, cleaner: Cleaner) -> Iterator[_Hidden]:
    original = event.original
    parts = {"properties": [event.properties], "traits": [event.traits, event.known_traits], "context": [event.context]}
    parts["properties"] += [original.properties] if original and original.properties else []
    parts["traits"] += [original.traits] if original and original.traits else []
    for part, values in parts.items():
        for value in values:
            yield from _differing(value, cleaner.part(part, value, {}, REDACTED), part)


def _differing(before: Any, after: Any, name: str) -> Iterator[_Hidden]:
    if after is before:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key, inner in before.items():
            yield from _differing(inner, after[key], key)
    elif isinstance(before, list) and isinstance(after, list):
        for inner, other in zip(before, after, strict=True):
            yield from _differing(inner, other, name)
    elif isinstance(before, (dict, list)):
        for key, inner in before.items() if isinstance(before, dict) else ((name, one) for one in before):
            yield from _differing(inner, after, key)
    elif before is not None:
        yield _Hidden(frozenset({meaning(name)}), as_text(before), str(after))


def _tells(text: str) -> bool:
    return len(text) >= _TELLING and text not in {"true", "false"}


def _is_phone(text: str) -> bool:
    return bool(_PHONE.fullmatch(text)) and len(_ending(text)) >= _DIALLED


def _ending(text: str) -> str:
    """What a number has in common with itself with its country before it."""
    return _digits(text).lstrip("0")


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def _dialled(text: str, phones: dict[str, _Hidden]) -> _Hidden | None:
    """A number without its country is known by how it ends."""
    if not phones or not _is_phone(text):
        return None
    digits = _digits(text)
    return next((one for ending, one in phones.items() if digits.endswith(ending)), None)


def _shown(view: View, hide: Callable[[Any], Any]) -> View:
    found: dict[str, Any] = {name: hide(said) for name in ("reason", "cause", "cure") if (said := getattr(view, name))}
    if isinstance(view, PendingView):
        found["last_answer"] = _answer(view.last_answer, hide)
    else:
        found["request"] = _request(view.request, hide) if view.request else None
        found["response"] = _answer(view.response, hide)
        found["earlier"] = [_answer(one, hide) for one in view.earlier]
        found["ahead"] = [_call(one, hide) for one in view.ahead]
        found["warnings"] = [hide(one) for one in view.warnings]
    return msgspec.structs.replace(view, **found)


def _request(view: RequestView, hide: Callable[[Any], Any]) -> RequestView:
    return msgspec.structs.replace(view, url=hide(view.url), body=hide(view.body))


def _answer(view: ResponseView | None, hide: Callable[[Any], Any]) -> ResponseView | None:
    return msgspec.structs.replace(view, body=hide(view.body)) if view else None


def _call(view: AheadView, hide: Callable[[Any], Any]) -> AheadView:
    response = msgspec.structs.replace(view.response, body=hide(view.response.body))
    return msgspec.structs.replace(view, request=_request(view.request, hide), response=response)
