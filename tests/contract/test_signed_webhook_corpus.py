"""Every event of `contract/signed_webhook/` gives exactly the requests that stand beside it, or the refusal."""

import json
from collections import Counter
from pathlib import Path

import pytest

from datafly import catalog
from datafly.testing.corpus import OUTCOME, governed, outcome, read_corpus
from datafly.testing.integration_suite import require_sendable

WEBHOOK = catalog.get("signed_webhook")
CASES = list(read_corpus(Path(__file__).parents[2] / "contract" / "signed_webhook"))


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_an_event_of_the_corpus_is_sent_as_it_says(case):
    found = json.loads(json.dumps(outcome("signed_webhook", case)))
    assert found == {name: case[name] for name in OUTCOME if name in case}
    for request in found.get("requests", ()):
        require_sendable(request["body"])


def test_the_corpus_names_each_event_once_and_has_every_rule_and_refusal():
    assert [name for name, count in Counter(name for name, _ in CASES).items() if count > 1] == []
    sent = {governed(case).label for _, case in CASES if "requests" in case}
    assert [rule.event for rule in WEBHOOK.rules if rule.event not in {*sent, "*", "consent withdrawn"}] == []
    refused = {case["refused"]["reason"] for _, case in CASES if "refused" in case}
    assert {refusal.reason for refusal in WEBHOOK.refusals()} - refused == set()
