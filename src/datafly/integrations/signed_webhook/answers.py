"""What a receiver may answer (§4: only 2xx is success, 410 disables, 429 and 5xx pass by themselves)."""

from collections.abc import Sequence

from datafly.model.delivery import Item, Reply
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.judging import header
from datafly.spec.words import Failure

_LONGEST = 300
FAILURES = (
    Failure(
        Verdict.SUSPENDED,
        "410 Gone",
        "The receiver wants no more of these requests",
        "Ask whoever runs it. If it moved, set its new URL; else uninstall or disable the integration. Signal looks "
        "again every few minutes with one request, and goes on if that is taken.",
        status=410,
        answer="Gone",
    ),
    Failure(
        Verdict.SUSPENDED,
        "401 Unauthorized",
        "The receiver does not accept the signature or the credentials",
        "Compare the signing secret, the authentication and the clock of both sides; signatures are often refused "
        "after five minutes.",
        status=401,
        answer='{"error":"invalid signature"}',
    ),
    Failure(
        Verdict.SUSPENDED,
        "403 Forbidden",
        "The receiver knows the sender and forbids it",
        "Check what these credentials may do, and whether a firewall stands in between.",
        status=403,
        answer='{"error":"forbidden"}',
    ),
    Failure(
        Verdict.SUSPENDED,
        "404 Not Found",
        "Nothing is at this URL",
        "Check the URL, to the letter: also the slash at its end.",
        status=404,
        answer="Not Found",
    ),
    *(
        Failure(
            Verdict.SUSPENDED,
            f"{status} {words}",
            "The receiver sends elsewhere; a redirect is not followed, since it may lead anywhere",
            "Set the URL that it points to, if it is the right one.",
            status=status,
            answer="Moved",
            common=status == 301,
        )
        for status, words in (
            (301, "Moved Permanently"),
            (302, "Found"),
            (303, "See Other"),
            (307, "Temporary Redirect"),
            (308, "Permanent Redirect"),
        )
    ),
    Failure(
        Verdict.REJECTED,
        "400 Bad Request",
        "The receiver cannot read what it was sent",
        "Change the payload or the template, then replay it.",
        status=400,
        answer='{"error":"bad request"}',
    ),
    Failure(
        Verdict.REJECTED,
        "413 Content Too Large",
        "The body is larger than the receiver takes; several events were sent in smaller requests already",
        "Let bytes_per_request be what it takes, or let a template send less.",
        status=413,
        answer="Content Too Large",
        common=False,
    ),
    Failure(
        Verdict.RETRY,
        "429 Too Many Requests",
        "More requests than the receiver takes",
        "Nothing; Signal slows down, waits as long as Retry-After asks, and sends it again.",
        status=429,
        answer='{"error":"too many requests"}',
        common=False,
    ),
    *(
        Failure(
            Verdict.RETRY,
            f"{status} {words}",
            "The receiver, or what stands before it, has trouble",
            "Nothing; Signal sends it again, later and later, and nothing is lost meanwhile.",
            status=status,
            answer=words,
            common=status == 503,
        )
        for status, words in (
            (500, "Internal Server Error"),
            (502, "Bad Gateway"),
            (503, "Service Unavailable"),
            (504, "Gateway Timeout"),
        )
    ),
)


def judge_failure(reply: Reply, _items: Sequence[Item]) -> Judgement | None:
    """Where a redirect leads is told. It has no symptom, so that of such an address no secret is: it may be our own."""
    moved = header(reply, "location")[:_LONGEST]
    found = next((one for one in FAILURES if one.status == reply.status and one.status < 400), None)
    if found is None or not moved:
        return None
    cause = f"The receiver points to {moved}; a redirect is not followed, since it may lead anywhere."
    return Judgement(Ruling(Verdict.SUSPENDED, f"http_{reply.status}", cause, found.cure))


def judge_success(_reply: Reply, _items: Sequence[Item]) -> Judgement:
    """Any 2xx takes all: nothing says how a receiver would tell of single events."""
    return Judgement(DELIVERED)
