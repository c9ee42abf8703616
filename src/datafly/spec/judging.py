"""How an answer is judged where the definition says nothing else; who must act decides."""

from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from datafly.model.delivery import Item, Reply
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.calls import Call
from datafly.spec.integration import Integration
from datafly.spec.request import calls_of_one, historical_key
from datafly.spec.words import Failure

_CUT: Final = 300
_ONE: Final = (Item(b"{}"),)
_JudgeItems = Callable[[Reply, Sequence[Item]], Judgement]
_Judges = tuple[_JudgeItems, Callable[[Reply], Ruling]]
_TRANSIENT: Final = frozenset({408, 425, 429})
_WRONG_KEY: Final = frozenset({401, 403, 407})
_WRONG_ADDRESS: Final = frozenset({404, 405, 410, 421, 501, 505})


def judge_by(integration: Integration, config: Mapping[str, Any] | None = None) -> _JudgeItems:
    """A 2xx by the definition's own function, which reads answers about lists; else by its failures, or the table."""
    has_lists = any(route.has_list for route in integration.routes)
    reads_failure = integration.functions.judge_failure or (lambda *_: None)
    own = integration.functions.judge_success or _all_delivered
    judges: dict[str, _Judges] = {}
    for route in integration.routes:
        judge_success = own if route.has_list or not has_lists else _all_delivered
        pair = (judge_success, _failure_judge(integration, route.key))
        judges |= {route.key: pair, historical_key(route.key): pair}

    of_one = calls_of_one(integration, config or {})

    def judge(reply: Reply, items: Sequence[Item]) -> Judgement:
        route = items[0].route
        judge_success, judge_failure = judges[of_one.get(route, route) if len(items) == 1 else route]
        if _is_success(reply):
            return judge_success(reply, items)
        return (reply.status and reads_failure(reply, items)) or Judgement(judge_failure(reply))

    return judge


def judge_check_by(integration: Integration) -> Callable[[Reply], Ruling]:
    judge_success = integration.functions.judge_check or (lambda _: DELIVERED)
    judge_failure = _failure_judge(integration, None)
    return lambda reply: judge_success(reply) if _is_success(reply) else judge_failure(reply)


def judge_call_by(integration: Integration, call: Call) -> Callable[[Reply], Ruling]:
    """A call is about one user: the answer about a list of items is of a list of one."""
    judge_items = integration.functions.judge_success if call.per_item else None
    judge_failure = _failure_judge(integration, None, call.failures)

    def judge(reply: Reply) -> Ruling:
        if not _is_success(reply):
            return judge_failure(reply)
        if judge_items is None or json_of(reply) == {}:
            return DELIVERED
        judgement = judge_items(reply, _ONE)
        return judgement.items[0] if judgement.items else judgement.whole

    return judge


def recognise(failures: tuple[Failure, ...], status: int, body: str) -> Failure | None:
    """The first declared failure that such an answer shows."""
    return next((one for one in failures if one.status == status and one.speaks_of(body)), None)


def words_of(reply: Reply) -> str:
    """What the vendor said: the sentence in its JSON, else plain text; "" where it is a page or nothing."""
    said = _sentence(json_of(reply))
    text = said or reply.body[: _CUT * 4].decode(errors="replace").strip()
    return "" if not said and text.startswith(("<", "{", "[")) else text[:_CUT]


def json_of(reply: Reply) -> Any:
    """None where the body is no JSON."""
    try:
        return msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def retry_after(reply: Reply) -> float | None:
    """Seconds, from either form of the header; a date counts from the reply's own `Date`."""
    asked = header(reply, "retry-after").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        seconds = (parsedate_to_datetime(asked) - parsedate_to_datetime(header(reply, "date"))).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(seconds, 0.0)


def header(reply: Reply, name: str) -> str:
    return next((value for key, value in reply.headers.items() if key.lower() == name), "")


def default_ruling(reply: Reply, name: str) -> Ruling:
    """Who must act: nobody where it passes by itself, the operator for key and address, else whoever sends events."""
    if reply.status is None:
        return Ruling(Verdict.RETRY, "no_answer", cause=reply.error or f"{name} did not answer.")
    reason = words_of(reply) or f"http_{reply.status}"
    if reply.status in _TRANSIENT or (reply.status >= 500 and reply.status not in _WRONG_ADDRESS):
        return _transient(reply, reason, name)
    if reply.status in _WRONG_KEY:
        return Ruling(
            Verdict.SUSPENDED, reason, f"{name} refuses the credentials.", "Check them, and what they may do."
        )
    if reply.status < 400 or reply.status in _WRONG_ADDRESS:
        return Ruling(Verdict.SUSPENDED, reason, *_wrong_address(reply, name))
    return Ruling(Verdict.REJECTED, reason, f"{name} refuses what was sent.", "Change what is sent, then replay it.")


def _transient(reply: Reply, reason: str, name: str) -> Ruling:
    busy = reply.status == 429
    cause = f"{name} takes no more for now." if busy else f"{name} has trouble (HTTP {reply.status})."
    return Ruling(Verdict.RETRY, reason, cause=cause, retry_after_seconds=retry_after(reply))


def _wrong_address(reply: Reply, name: str) -> tuple[str, str]:
    moved = header(reply, "location")
    cause = f"It points to {moved}; redirects are not followed." if moved else f"{name}'s API is not at this address."
    return cause, "Check the address in the settings."


def _failure_judge(
    integration: Integration, route: str | None, own: tuple[Failure, ...] = ()
) -> Callable[[Reply], Ruling]:
    """`route` None: a call that is none of the routes; failures that belong to one are not its."""
    failures = (*own, *(one for one in integration.failures if one.route is None or one.route == route))
    name = integration.name

    def judge(reply: Reply) -> Ruling:
        ruling = default_ruling(reply, name)
        if reply.status is None:
            return ruling
        known = recognise(failures, reply.status, reply.body.decode(errors="replace"))
        if known is None:
            return ruling
        return msgspec.structs.replace(
            known.ruling(ruling.reason),
            retry_after_seconds=retry_after(reply) if known.verdict is Verdict.RETRY else None,
        )

    return judge


def _all_delivered(_reply: Reply, _items: Sequence[Item]) -> Judgement:
    return Judgement(DELIVERED)


def _is_success(reply: Reply) -> bool:
    return reply.status is not None and 200 <= reply.status < 300


def _sentence(body: Any) -> str:
    """The usual places: `message`, `error`, `detail`, `error.message`, `errors[0].detail` (as JSON:API has it)."""
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    for said in (*(body.get(key) for key in ("message", "error", "detail")), first):
        if isinstance(said, str) and said:
            return said
        if isinstance(said, dict) and (inner := _sentence(said)):
            return inner
    return ""
