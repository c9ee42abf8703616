"""What Klaviyo answers, and whom of a job it means (§1.5, §1.7, §1.8)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from datafly.model.delivery import Item, Reply
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.frame import places_of
from datafly.spec.judging import json_of, recognise
from datafly.spec.words import Failure

_OF_A_JOB: Final = frozenset({400, 409, 422})
_IN_GROUPS: Final = re.compile(
    r"/data/attributes/events-bulk-create/data/(\d{1,9})(?:/attributes/events/data/(\d{1,9}))?(?:/|$)"
)
_IN_LIST: Final = re.compile(r"/data/attributes/profiles/data/(\d{1,9})(?:/|$)")
_OTHERS: Final = Ruling(
    Verdict.RETRY,
    "others_refused",
    cause="Klaviyo refused others of the same request, and so took none of it; without them it is sent again.",
)


_CONFLICT: Final = "A profile already exists with one of these identifiers."


def _error(status: int, code: str, title: str, detail: str, pointer: str = "/data/") -> str:
    return (
        f'{{"errors":[{{"id":"6f1f7d0e-0000-4000-8000-000000000000","status":{status},"code":"{code}",'
        f'"title":"{title}","detail":"{detail}","source":{{"pointer":"{pointer}"}}}}]}}'
    )


FAILURES: Final = (
    Failure(
        Verdict.SUSPENDED,
        "401 Unauthorized",
        "The private API key is wrong, or was deleted",
        "Make a private key at Klaviyo under Settings > API keys, and set it anew.",
        status=401,
        answer=_error(
            401, "not_authenticated", "Authentication credentials were not provided.", "Missing or invalid key."
        ),
    ),
    Failure(
        Verdict.SUSPENDED,
        "403 Forbidden",
        "The key lacks a scope",
        "Make a key with Events: write, Profiles: read and write, Lists: read and write, Subscriptions: write, Data "
        "Privacy: write.",
        status=403,
        answer=_error(
            403, "permission_denied", "You do not have permission.", "The key has not the scope of this call."
        ),
    ),
    Failure(
        Verdict.REJECTED,
        "409 A profile already exists with one of these identifiers.",
        "The e-mail address, phone number and user id of the call belong to different profiles at Klaviyo, and it was "
        "not to be written otherwise, or could not be (on_conflict)",
        "Merge the profiles at Klaviyo; or let the phone number not identify (phone_identifies: false), or the user id "
        "(user_id_as: property). Then replay it.",
        status=409,
        answer=_error(409, "duplicate_profile", "Conflict.", _CONFLICT),
    ),
    Failure(
        Verdict.REJECTED,
        "'phone_number' must not be empty when the sms channel is included in 'subscriptions'.",
        "A channel of the phone was subscribed without a phone number",
        "Send traits.phone in international form with the opt-in.",
        status=400,
        contains=("must not be empty when the",),
        answer=_error(
            400,
            "invalid",
            "Invalid input.",
            "'phone_number' must not be empty when the sms channel is included in 'subscriptions'.",
        ),
        common=False,
    ),
    Failure(
        Verdict.REJECTED,
        "400 Invalid input.",
        "Klaviyo refuses a field; its answer says which one, and why",
        "Correct the field that source.pointer names, then replay the event.",
        status=400,
        contains=('"errors"',),
        answer=_error(
            400, "invalid", "Invalid input.", "Invalid phone number format.", "/data/attributes/phone_number"
        ),
    ),
    Failure(
        Verdict.REJECTED,
        "413 Payload Too Large",
        "The request is larger than Klaviyo takes",
        "Nothing for a request of many events, which is split; a single event must become smaller.",
        status=413,
        answer=_error(413, "payload_too_large", "Payload too large.", "The request is too large."),
        common=False,
    ),
    Failure(
        Verdict.SUSPENDED,
        "410 Gone",
        "Klaviyo has retired the revision of its API that Signal speaks",
        "Update Signal; what waits is sent then.",
        status=410,
        answer=_error(410, "gone", "Gone.", "This endpoint has been retired."),
        common=False,
    ),
    Failure(
        Verdict.SUSPENDED,
        "415 Unsupported Media Type",
        "Something on the way changes the Content-Type of requests",
        "Check the base URL, and a proxy, if there is one.",
        status=415,
        answer=_error(415, "unsupported_media_type", "Unsupported media type.", "Unsupported media type in request."),
        common=False,
    ),
    Failure(
        Verdict.RETRY,
        "429 Too Many Requests",
        "The account's burst or steady limit is used up, also by other applications of it",
        "Nothing; Signal waits as long as Klaviyo asks, slows down and sends it again.",
        status=429,
        answer=_error(
            429, "throttled", "Request was throttled.", "Request was throttled. Expected available in 1 second."
        ),
    ),
    Failure(
        Verdict.RETRY,
        "503 Service Unavailable",
        "Klaviyo has trouble",
        "Nothing; it is sent again.",
        status=503,
        answer=_error(503, "service_unavailable", "Service unavailable.", "Please try again."),
        common=False,
    ),
)


def judge_success(_reply: Reply, _items: Sequence[Item]) -> Judgement:
    """A 2xx says that all of it was validated and queued; what becomes of it later, no answer tells."""
    return Judgement(DELIVERED)


def judge_failure(reply: Reply, items: Sequence[Item]) -> Judgement | None:
    """A job is taken whole or not at all: whom `source.pointer` names is refused, the others are sent again.

    None where nobody is named, or a repeated unique_id, of which the first may count: then it is split.
    """
    if reply.status not in _OF_A_JOB or len(items) < 2:
        return None
    errors = list(_errors(json_of(reply)))
    if any(pointer.endswith("/unique_id") for pointer, _ in errors):
        return None
    told: dict[int, list[str]] = {}
    for pointer, said in errors:
        for index in meant(pointer, items):
            told.setdefault(index, []).append(said)
    if not told:
        return None
    rulings = [
        refused("; ".join(dict.fromkeys(told[index]))) if index in told else _OTHERS for index in range(len(items))
    ]
    return Judgement(_OTHERS, tuple(rulings))


def judge_check(reply: Reply) -> Ruling:
    """The lists of the account."""
    body = json_of(reply)
    if isinstance(body, dict) and isinstance(body.get("data"), list):
        return DELIVERED
    return Ruling(
        Verdict.RETRY,
        "unreadable_answer",
        cause="The answer to the credential check is not the list that Klaviyo gives.",
        cure="If it stays so, check the base URL.",
    )


def _errors(body: Any) -> Iterator[tuple[str, str]]:
    """The pointer and the words of each."""
    for error in body.get("errors") or () if isinstance(body, dict) else ():
        source = error.get("source") if isinstance(error, dict) else None
        if isinstance(source, dict) and isinstance(source.get("pointer"), str):
            yield source["pointer"], _said(error)


def _said(error: Mapping[str, Any]) -> str:
    return next((error[name] for name in ("detail", "title", "code") if isinstance(error.get(name), str)), "")


def meant(pointer: str, items: Sequence[Item]) -> list[int]:
    """The items that it names; a profile stands for all of its events."""
    if (listed := _IN_LIST.match(pointer)) is not None:
        index = int(listed.group(1))
        return [index] if index < len(items) else []
    grouped = _IN_GROUPS.match(pointer)
    if grouped is None:
        return []
    group, place = int(grouped.group(1)), grouped.group(2)
    places = places_of([item.group for item in items])
    return [index for index, at in enumerate(places) if at[0] == group and (place is None or at[1] == int(place))]


def refused(said: str) -> Ruling:
    """As an answer of its own with these words would be judged."""
    status = 409 if _CONFLICT in said else 400
    known = recognise(FAILURES, status, said)
    if known is not None:
        return known.ruling(said)
    general = next(one for one in FAILURES if one.symptom == "400 Invalid input.")
    return general.ruling(said or general.symptom)
