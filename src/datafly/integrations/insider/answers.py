"""What Insider answers to an upsert, and what each answer means (contracts/insider.md §4)."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from datafly.model.delivery import Item, Reply
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.judging import json_of, recognise
from datafly.spec.words import Failure

_WRONG_KEY = ("Invalid API key or wrong scopes", "Regenerate the key with Unification API scope.")
_WRONG_PARTNER = ("Slug doesn’t match account", "Confirm the partner name in Settings > Account.")
_DIGITS = 9
"""No request holds as many users as a longer count says."""


def _refused(symptom: str, cause: str, cure: str, key: str) -> Failure:
    answer = f'{{"data":{{"successful":{{}},"fail":{{"count":1,"errors":{{"{key}":["{symptom}"]}}}}}}}}'
    return Failure(Verdict.REJECTED, symptom, cause, cure, status=200, contains=(symptom,), answer=answer, common=False)


FAILURES = (
    Failure(
        Verdict.SUSPENDED,
        "401 Unauthorized",
        *_WRONG_KEY,
        status=401,
        answer='{"success":false,"message":"Partner token authentication failed."}',
    ),
    Failure(
        Verdict.SUSPENDED,
        "400 partner_name invalid",
        *_WRONG_PARTNER,
        status=400,
        contains=("partner is invalid", "partner_name"),
        answer='{"success":false,"message":"Partner is invalid."}',
    ),
    Failure(
        Verdict.SUSPENDED,
        "403 Access Denied",
        *_WRONG_KEY,
        status=403,
        answer='{"success":false,"message":"Access Denied. You do not have sufficient access to perform this action."}',
        common=False,
    ),
    Failure(
        Verdict.SUSPENDED,
        "400 Access Denied",
        *_WRONG_KEY,
        status=400,
        contains=("access denied",),
        answer='{"success":false,"message":"Access Denied. You do not have sufficient access to perform this action."}',
        common=False,
    ),
    Failure(
        Verdict.RETRY,
        "429 Too Many Requests",
        "More than 25,000 requests a minute, attribute deletes of the account included",
        "Nothing; Signal slows down and sends it again.",
        status=429,
        answer='{"error":"rejected: too many requests"}',
        common=False,
    ),
    _refused(
        "not a valid email address",
        "The e-mail address of the user is not one for Insider",
        "Correct the trait email.",
        r"users.0.identifiers.*.regexp(^.+@.+\\..+$)",
    ),
    _refused(
        "invalid phone number",
        "The phone number of the user is not in E.164 form for Insider",
        "Correct the trait phone.",
        r"users.0.identifiers.*.regexp(^\\+[1-9]\\d{6,14}$)",
    ),
    _refused(
        "invalid event name",
        "Insider takes lower case letters, digits, “.”, “_” and “-” in event names",
        "Rename the event.",
        "users.0.events.0.event_name.*.regexp(^[a-z0-9][a-zA-Z0-9._-]*$)",
    ),
    _refused(
        "parameter is required on",
        "Insider refuses the event without that parameter",
        "Send the field that it is made of with every line: order_id, price, currency.",
        "users.0.events.0.event_params.*.required",
    ),
)


def judge_success(reply: Reply, users: Sequence[Item]) -> Judgement:
    """A 2xx tells per user what became of it: `data.successful.count`, `data.fail.count`, `data.fail.errors`."""
    body, count = json_of(reply), len(users)
    told = body.get("data") if isinstance(body, dict) else None
    if not isinstance(told, dict) or not ("successful" in told or "fail" in told):
        return _unconfirmed("A 2xx without data.successful or data.fail.")
    fail = _object(told.get("fail"))
    reasons, strange = _reasons(_object(fail.get("errors")), count)
    successful, failed = _count(told.get("successful")), _count(told.get("fail"))
    drift = _drift(count, told, len(reasons), strange)
    if (failed is None and strange) or (failed is not None and failed > len(reasons)):
        return Judgement(_unnamed(fail, failed, count), drift=drift)
    if successful is None or (failed is None and successful + len(reasons) < count):
        return _unconfirmed(drift, reasons, count)
    return Judgement(items=_items(reasons, DELIVERED, count), drift=drift)


def judge_check(reply: Reply) -> Ruling:
    """The columns of the account come as a bare array."""
    if isinstance(json_of(reply), list):
        return DELIVERED
    return Ruling(
        Verdict.RETRY,
        "unreadable_answer",
        cause="The answer to the credential check is not the list of columns that Insider gives.",
        cure="If it stays so, check the base URL.",
    )


def _unconfirmed(drift: str, reasons: Mapping[int, str] | None = None, count: int = 0) -> Judgement:
    """Nobody said that it was taken, and to send the same upsert again leaves one row (contracts/insider.md §3.7)."""
    ruling = Ruling(
        Verdict.RETRY,
        "unreadable_answer",
        cause="The answer says success, but not which users were taken: it is not the JSON that Insider documents.",
        cure="If it stays so, check the base URL: a proxy may answer in Insider's place.",
    )
    return Judgement(ruling, _items(reasons or {}, ruling, count), drift=drift)


def _items(reasons: Mapping[int, str], otherwise: Ruling, count: int) -> tuple[Ruling, ...]:
    """None where no user is named: then the whole is judged alike."""
    if not reasons:
        return ()
    return tuple(_rejected(reasons[index]) if index in reasons else otherwise for index in range(count))


def _reasons(errors: Mapping[str, Any], count: int) -> tuple[dict[int, str], list[str]]:
    """User index → Insider's messages, word for word; and the keys that name no user of the request."""
    messages: dict[int, list[str]] = {}
    strange = []
    for key, said in errors.items():
        index = _user_index(key)
        if index is None or index >= count:
            strange.append(key)
        else:
            messages.setdefault(index, []).extend(map(str, said if isinstance(said, list) else [said]))
    return {index: "; ".join(dict.fromkeys(said)) for index, said in messages.items()}, strange


def _user_index(key: str) -> int | None:
    """`users.<index>[.events.<index>].<field>….<rule>` (contracts/insider.md §4.1)."""
    parts = key.split(".", maxsplit=2)
    named = len(parts) == 3 and parts[0] == "users" and parts[1].isascii() and parts[1].isdecimal()
    return int(parts[1]) if named else None


def _rejected(reason: str) -> Ruling:
    known = recognise(FAILURES, 200, reason)
    if known:
        return known.ruling(reason)
    cure = "Correct what it names, then replay the event."
    return Ruling(Verdict.REJECTED, reason, cause="Insider refuses this user or event", cure=cure)


def _unnamed(fail: Mapping[str, Any], failed: int | None, count: int) -> Ruling:
    """More failed than are named: the batch is split to find whom it means, or, if it is all, all failed alike."""
    said = [
        str(one) for said in _object(fail.get("errors")).values() for one in (said if isinstance(said, list) else [])
    ]
    reason = "; ".join(dict.fromkeys(said)) or f"{failed} of {count} users failed, and Insider does not say why"
    return _rejected(reason)


def _drift(count: int, told: Mapping[str, Any], named: int, strange: list[str]) -> str:
    parts = ("successful", "fail")
    found = [f"data.{part} has no count that is a number." for part in parts if not _is_documented(told.get(part))]
    successful, failed = _count(told.get("successful")), _count(told.get("fail"))
    if successful is not None and failed is not None and successful + failed != count:
        found.append(f"{successful} successful and {failed} failed do not add up to {count} users.")
    if failed is not None and named != failed:
        found.append(f"{failed} users failed, {named} are named in data.fail.errors.")
    if strange:
        found.append(f"data.fail.errors names no user of the request: {', '.join(strange)}.")
    return " ".join(found)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_documented(part: Any) -> bool:
    """A zero count is an empty object (contracts/insider.md §4.1); a part that is absent counts as one."""
    return part is None or part == {} or (isinstance(part, dict) and _is_natural(part.get("count")))


def _count(part: Any) -> int | None:
    """None: it says a count, and nobody can tell which. A number written as text is one."""
    if part is None or part == {}:
        return 0
    count = part.get("count") if isinstance(part, dict) else None
    if isinstance(count, str) and count.isascii() and count.isdecimal():
        return int(count[:_DIGITS])
    return count if _is_natural(count) else None


def _is_natural(count: Any) -> TypeGuard[int]:
    return type(count) is int and count >= 0
