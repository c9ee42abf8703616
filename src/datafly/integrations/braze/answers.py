"""What Braze answers, and whom of a request it means (§2.4)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from datafly.integrations.braze.failures import FAILURES, OTHERS, REFUSED
from datafly.model.delivery import Item, Reply
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.judging import header, json_of, recognise, retry_after, words_of

_DONE: Final = frozenset({"success", "queued"})
"""The second is that of maintenance, by an older document."""
_OF_IDENTIFY: Final = "user_identifiers"
_EPOCH: Final = 1_000_000
"""What is less is seconds from now: integrations read the header so, the document says since 1970."""
_TRACK, _IDENTIFY = "", "identify"

_NOT_JOINED: Final = Ruling(
    Verdict.DELIVERED,
    "alias_not_joined",
    "Braze did not give the visitor's alias to the user; what the user did is there, what the visitor did is not.",
    "See what Braze says; mostly the user has another alias of that label already.",
)
_UNREADABLE: Final = Ruling(
    Verdict.RETRY,
    "unreadable_answer",
    cause="The answer is a success without Braze's message, so nobody said that the events were taken.",
    cure="If it stays so, check the REST endpoint, and a proxy, if there is one.",
)


def judge_success(reply: Reply, items: Sequence[Item]) -> Judgement:
    """In a 2xx, whom `errors` names by list and index is refused, and nobody else."""
    body = json_of(reply)
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return Judgement(_UNREADABLE, drift="a success without the field message")
    told, lost = _named(body, items)
    if body["message"] not in _DONE and not told:
        return Judgement(_refusal(reply.status or 0, body["message"]))
    drift = f"errors that name no item of the request: {'; '.join(lost)}" if lost else ""
    if not told:
        return Judgement(DELIVERED, drift=drift)
    rulings = [
        _of_item(items[index], reply.status or 0, told[index]) if index in told else DELIVERED
        for index in range(len(items))
    ]
    return Judgement(DELIVERED, tuple(rulings), drift)


def judge_failure(reply: Reply, items: Sequence[Item]) -> Judgement | None:
    """A 400 takes nothing: whom it names is refused, the others are sent again. Of a 429, how long to wait."""
    if reply.status == 429:
        known = recognise(FAILURES, 429, "")
        seconds = _wait(reply)
        if known is not None and seconds is not None:
            ruling = known.ruling(words_of(reply) or known.symptom)
            return Judgement(msgspec.structs.replace(ruling, retry_after_seconds=seconds))
        return None
    body = json_of(reply)
    if reply.status != 400 or not isinstance(body, dict):
        return None
    told, _ = _named(body, items)
    if not told:
        return None
    rulings = [_refusal(400, told[index]) if index in told else OTHERS for index in range(len(items))]
    return Judgement(OTHERS, tuple(rulings))


def judge_check(reply: Reply) -> Ruling:
    """The users of the test, of whom there are none."""
    body = json_of(reply)
    return DELIVERED if isinstance(body, dict) and isinstance(body.get("users"), list) else _UNREADABLE


def _named(body: Mapping[str, Any], items: Sequence[Item]) -> tuple[dict[int, str], list[str]]:
    """Index of an item → what is said of it, and what is said of nobody."""
    told: dict[int, list[str]] = {}
    lost = []
    for array, place, said in _errors(body):
        index = _index(array, place, items)
        if index is None:
            lost.append(f"{array}[{place}]")
        else:
            told.setdefault(index, []).append(said)
    return {index: "; ".join(dict.fromkeys(said)) for index, said in told.items()}, lost


def _errors(body: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if not isinstance(error, dict):
            continue
        array, place, said = error.get("input_array"), error.get("index"), error.get("type")
        if isinstance(array, str) and type(place) is int:
            yield array, place, said if isinstance(said, str) else ""


def _index(array: str, place: int, items: Sequence[Item]) -> int | None:
    """Places count in the list that was sent. An answer about one item is about it wherever it points."""
    if len(items) == 1:
        return 0
    if items[0].route != _TRACK:
        found = list(range(len(items))) if array == _OF_IDENTIFY else []
    else:
        found = [index for index, item in enumerate(items) if item.part == array]
    return found[place] if 0 <= place < len(found) else None


def _of_item(item: Item, status: int, said: str) -> Ruling:
    """That an alias was not given to the user keeps nothing else of her back."""
    if item.route == _IDENTIFY:
        return msgspec.structs.replace(_NOT_JOINED, reason=said or _NOT_JOINED.reason)
    return _refusal(status, said)


def _refusal(status: int, said: str) -> Ruling:
    """The same words have the same cause, whether others of the request were taken or not."""
    known = next((one for one in REFUSED if one.contains and one.speaks_of(said)), REFUSED[-1])
    return known.ruling(said or f"http_{status}")


def _wait(reply: Reply) -> float | None:
    """Seconds, by whichever of the headers is there."""
    asked = retry_after(reply)
    if asked is not None:
        return asked
    found = _number(header(reply, "x-ratelimit-retry-after"))
    reset = _number(header(reply, "x-ratelimit-reset"))
    if found is not None or reset is None:
        return found
    return reset if reset < _EPOCH else _until(reset, header(reply, "date"))


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None


def _until(moment: float, date: str) -> float | None:
    """From the answer's own date, since our clock may be another."""
    try:
        now = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    now = now if now.tzinfo else now.replace(tzinfo=UTC)
    return max(moment - now.timestamp(), 0.0)
