"""What Klaviyo tells of a bulk import afterwards: the job, then its import-errors in pages (§1.2, §1.8)."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from datafly.integrations.klaviyo.answers import meant, refused
from datafly.model.delivery import Item, Reply
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.judging import json_of

_CANCELLED = Ruling(
    Verdict.REJECTED,
    "import_cancelled",
    cause="Klaviyo cancelled the import that this profile was in, and does not say which of its profiles it wrote.",
    cure="Replay it: a profile that is written twice is the same.",
)


def judge_later(replies: Sequence[Reply], count: int) -> Judgement | str | None:
    job = _data(replies[0])
    told = job.get("attributes") if isinstance(job, dict) else None
    status = told.get("status") if isinstance(told, dict) else None
    if status == "cancelled":
        return Judgement(_CANCELLED)
    if status != "complete" or not isinstance(job, dict) or not isinstance(told, dict):
        return None
    if not told.get("failed_count"):
        return Judgement(DELIVERED)
    if len(replies) == 1:
        return f"/api/profile-bulk-import-jobs/{quote(str(job.get('id')), safe='')}/import-errors"
    following = _next(json_of(replies[-1]))
    return following or _judged([error for reply in replies[1:] for error in _errors(_data(reply))], count)


def _judged(errors: Sequence[tuple[str, str]], count: int) -> Judgement:
    items = [Item(b"")] * count
    told: dict[int, list[str]] = {}
    for pointer, said in errors:
        for index in meant(pointer, items):
            told.setdefault(index, []).append(said)
    rulings = [refused("; ".join(dict.fromkeys(told[index]))) if index in told else DELIVERED for index in range(count)]
    lost = "" if told else "An import failed for some profiles, and its errors name none of those that were sent."
    return Judgement(DELIVERED, tuple(rulings), drift=lost)


def _data(reply: Reply) -> Any:
    found = json_of(reply)
    return found.get("data") if isinstance(found, dict) else None


def _errors(data: Any) -> Iterator[tuple[str, str]]:
    """The pointer and the words of each."""
    for error in data if isinstance(data, list) else ():
        told = error.get("attributes") if isinstance(error, dict) else None
        source = told.get("source") if isinstance(told, dict) else None
        if isinstance(told, dict) and isinstance(source, dict):
            said = next((told[name] for name in ("detail", "title", "code") if isinstance(told.get(name), str)), "")
            yield str(source.get("pointer") or ""), said


def _next(body: Any) -> str | None:
    """The path of the next page; its address is Klaviyo's own, and ours may be another."""
    links = body.get("links") if isinstance(body, dict) else None
    address = links.get("next") if isinstance(links, dict) else None
    parts = urlsplit(address) if isinstance(address, str) else None
    return f"/api/{parts.path.partition('/api/')[2]}?{parts.query}" if parts and parts.query else None
