import pytest

from datafly.deliver.judge import Meaning, decide
from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.observe import counts
from datafly.spec.compiled import Compiled, Limits
from datafly.transport.base import NOT_ALLOWED

RETRY, REJECTED, SUSPENDED = (Ruling(verdict, "x") for verdict in (Verdict.RETRY, Verdict.REJECTED, Verdict.SUSPENDED))


def judged(judgement, count, reply=None):
    def judge(_reply, _items):
        if isinstance(judgement, Exception):
            raise judgement
        return judgement

    compiled = Compiled(
        vendor="acme",
        consent=None,
        limits=Limits(),
        shape=lambda *_: (),
        assemble=lambda _: Outgoing("POST", "", {}, b""),
        judge=judge,
        pick=lambda body, _: body,
        secrets=frozenset(),
    )
    return decide(compiled, reply or Reply(status=200), [Item(b"{}")] * count, installation_id="ins")


@pytest.mark.parametrize(
    ("judgement", "count", "meaning", "verdicts", "split"),
    [
        (Judgement(), 2, Meaning.WORKS, "DELIVERED DELIVERED", False),
        (Judgement(RETRY), 2, Meaning.FAILS, "RETRY RETRY", False),
        (Judgement(SUSPENDED), 1, Meaning.SUSPENDS, "SUSPENDED", False),
        (Judgement(REJECTED), 1, Meaning.WORKS, "REJECTED", False),
        (Judgement(REJECTED), 2, Meaning.WORKS, "REJECTED REJECTED", True),
        (Judgement(items=(REJECTED, DELIVERED)), 2, Meaning.WORKS, "REJECTED DELIVERED", False),
        (Judgement(items=(RETRY, DELIVERED)), 2, Meaning.WORKS, "RETRY DELIVERED", False),
        (Judgement(items=(RETRY, RETRY)), 2, Meaning.FAILS, "RETRY RETRY", False),
        (Judgement(RETRY, items=(DELIVERED,)), 2, Meaning.WORKS, "DELIVERED RETRY", False),
        (Judgement(items=(REJECTED, DELIVERED, DELIVERED)), 2, Meaning.WORKS, "REJECTED DELIVERED", False),
    ],
)
def test_a_judgement_becomes_one_ruling_for_each_item(judgement, count, meaning, verdicts, split):
    decision = judged(judgement, count)
    assert (decision.meaning, decision.split) == (meaning, split)
    assert [ruling.verdict for ruling in decision.rulings] == verdicts.split()


def test_a_judge_that_fails_is_a_retry_and_is_told():
    before = counts().get("DeliverJudgeFailed", 0)
    decision = judged(KeyError("data"), 1)
    assert (decision.meaning, decision.told.reason) == (Meaning.FAILS, "judge_failed")
    assert counts()["DeliverJudgeFailed"] == before + 1


def test_a_request_that_may_not_be_sent_suspends_whatever_the_judge_thinks():
    decision = judged(Judgement(RETRY), 1, Reply(status=None, error=f"{NOT_ALLOWED}private"))
    assert (decision.meaning, decision.told.reason) == (Meaning.SUSPENDS, "address_not_allowed")


def test_drift_of_a_vendor_from_its_contract_is_told():
    before = counts().get("DeliverContractDrifted", 0)
    judged(Judgement(drift="2 of 3 accounted for"), 3)
    assert counts()["DeliverContractDrifted"] == before + 1
