"""What a vendor's reply means for each item of a request."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from datafly.deliver import reasons
from datafly.model.delivery import Item, Reply
from datafly.model.secret import redact
from datafly.model.verdict import FINAL, Judgement, Ruling, Verdict
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverContractDrifted, DeliverJudgeFailed
from datafly.spec.compiled import Compiled
from datafly.transport.base import address_not_allowed, was_refused

THROTTLED: Final = 429


class Meaning(Enum):
    """What a reply says about the installation. WORKS: the vendor deals with events, whatever it says of these."""

    WORKS = "works"
    FAILS = "fails"
    SUSPENDS = "suspends"


class Decision(msgspec.Struct, frozen=True):
    """`rulings`: one per item, in order. `told` is the one that explains a FAILS or SUSPENDS.

    `split`: the rulings are not final, the request is to be halved to find whom they mean. `drift`: where the reply
    contradicts the vendor's contract. `instead`: per item, what is sent in its place although it was refused.
    """

    meaning: Meaning
    rulings: tuple[Ruling, ...]
    told: Ruling
    split: bool = False
    drift: str = ""
    instead: tuple[Item | None, ...] = ()


def decide(compiled: Compiled, reply: Reply, items: Sequence[Item], *, installation_id: str) -> Decision:
    """Never raises: a judge that fails is a reply not understood, to be tried again."""
    judgement, count = _judged(compiled, reply, items, installation_id), len(items)
    if judgement.drift:
        drift = redact(judgement.drift, compiled.secrets)
        emit(DeliverContractDrifted(installation_id=installation_id, vendor=compiled.vendor, drift=drift))
    rulings = _per_item(judgement, count)
    told = _loudest(rulings)
    split = not judgement.items and judgement.whole.verdict is Verdict.REJECTED and count > 1
    instead = () if split else _amended(compiled, reply, items, rulings, installation_id)
    meaning = _meaning(rulings, told)
    return Decision(meaning, rulings, told, split=split, drift=judgement.drift, instead=instead)


def _amended(
    compiled: Compiled, reply: Reply, items: Sequence[Item], rulings: Sequence[Ruling], installation_id: str
) -> tuple[Item | None, ...]:
    amend = compiled.amend
    if amend is None or not any(ruling.verdict is Verdict.REJECTED for ruling in rulings):
        return ()
    told = zip(items, rulings, strict=True)
    try:
        return tuple(amend(reply, item) if ruling.verdict is Verdict.REJECTED else None for item, ruling in told)
    except Exception as error:  # noqa: BLE001 - as in `_judged`; what was refused stays so
        _told_fault(compiled, error, installation_id)
        return ()


def _judged(compiled: Compiled, reply: Reply, items: Sequence[Item], installation_id: str) -> Judgement:
    if was_refused(reply):
        return Judgement(whole=address_not_allowed(reply))
    try:
        return compiled.judge(reply, items)
    except Exception as error:  # noqa: BLE001 - a stage's loop: counted, and the events are kept
        return Judgement(whole=reasons.judge_failed(_told_fault(compiled, error, installation_id)))


def _told_fault(compiled: Compiled, error: Exception, installation_id: str) -> str:
    words = f"{type(error).__name__}: {error}"
    emit(DeliverJudgeFailed(installation_id=installation_id, vendor=compiled.vendor, error=words))
    return words


def _per_item(judgement: Judgement, count: int) -> tuple[Ruling, ...]:
    """Where there are fewer rulings than items, the judgement of the whole speaks for the rest."""
    given = judgement.items[:count]
    return given + (judgement.whole,) * (count - len(given))


def _loudest(rulings: Sequence[Ruling]) -> Ruling:
    """SUSPENDED speaks before RETRY, RETRY before what is final. A ruling that many items share is looked at once."""
    different = {id(ruling): ruling for ruling in rulings}.values()
    for verdict in (Verdict.SUSPENDED, Verdict.RETRY):
        for ruling in different:
            if ruling.verdict is verdict:
                return ruling
    return rulings[0]


def _meaning(rulings: Sequence[Ruling], told: Ruling) -> Meaning:
    if told.verdict is Verdict.SUSPENDED:
        return Meaning.SUSPENDS
    return Meaning.WORKS if any(ruling.verdict in FINAL for ruling in rulings) else Meaning.FAILS
