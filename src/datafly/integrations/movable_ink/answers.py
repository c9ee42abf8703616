"""What Movable Ink answers, as far as it is known (§3.1, §3.4)."""

from collections.abc import Sequence

from datafly.model.delivery import Item, Reply
from datafly.model.verdict import DELIVERED, Judgement, Verdict
from datafly.spec.words import Failure

FAILURES = (
    Failure(
        Verdict.SUSPENDED,
        "404 Behavioral endpoint key not found",
        "The endpoint URL is not that of an account",
        "Copy the whole URL that Movable Ink gave you into Endpoint URL.",
        status=404,
        contains=("endpoint key not found",),
        answer='{"message":"Behavioral endpoint key not found","request_id":"6f1f7d0e-0000-4000-8000-000000000000"}',
    ),
    Failure(
        Verdict.SUSPENDED,
        "401 Unauthorized",
        "The access key or secret is wrong",
        "Set both anew, as they came with the endpoint.",
        status=401,
        answer='{"message":"Unauthorized","request_id":"6f1f7d0e-0000-4000-8000-000000000000"}',
    ),
    Failure(
        Verdict.REJECTED,
        "400 Bad Request",
        "Movable Ink has no mapping for the event, or a field that it needs is missing",
        "Set up a mapping for the event in Movable Ink, or leave it out with an override; then replay it.",
        status=400,
        answer='{"message":"no mapping for event","request_id":"6f1f7d0e-0000-4000-8000-000000000000"}',
    ),
    Failure(
        Verdict.RETRY,
        "429 Too Many Requests",
        "More requests than the account may send",
        "Nothing; Signal slows down and sends it again.",
        status=429,
        answer='{"message":"Too Many Requests","request_id":"6f1f7d0e-0000-4000-8000-000000000000"}',
        common=False,
    ),
)


def judge_success(_reply: Reply, _events: Sequence[Item]) -> Judgement:
    """A 200 is all that is documented; what stands in it is not."""
    return Judgement(DELIVERED)
