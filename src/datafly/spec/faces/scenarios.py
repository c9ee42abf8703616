"""Declared failures, and those that any vendor may show → answers that a sandbox can be asked for by name."""

from typing import Final

import msgspec

from datafly.model.delivery import Reply
from datafly.model.verdict import Verdict
from datafly.spec.integration import Integration


class Scenario(msgspec.Struct, frozen=True):
    """`reply` is what the vendor answers to a request of one item; `verdict` is how that must be judged."""

    name: str
    reply: Reply
    verdict: Verdict
    symptom: str = ""
    cause: str = ""
    cure: str = ""
    route: str = ""


_ANY_VENDOR: Final = (
    Scenario("no answer", Reply(None, error="connection refused"), Verdict.RETRY),
    Scenario("408 Request Timeout", Reply(408), Verdict.RETRY),
    Scenario("429 with Retry-After", Reply(429, {"Retry-After": "7"}), Verdict.RETRY),
    Scenario("500", Reply(500), Verdict.RETRY),
    Scenario("503 with a page", Reply(503, body=b"<html><h1>Unavailable</h1></html>"), Verdict.RETRY),
    Scenario("302 elsewhere", Reply(302, {"Location": "https://elsewhere.example/"}), Verdict.SUSPENDED),
    Scenario("404 no such path", Reply(404), Verdict.SUSPENDED),
)


def scenarios(integration: Integration) -> list[Scenario]:
    declared = [
        Scenario(
            failure.symptom,
            Reply(failure.status, {"Content-Type": "application/json"}, failure.answer.encode()),
            failure.verdict,
            failure.symptom,
            failure.cause,
            failure.cure,
            failure.route or "",
        )
        for failure in integration.failures
    ]
    return declared + [one for one in _ANY_VENDOR if one.reply.status not in {f.status for f in integration.failures}]
