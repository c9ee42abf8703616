"""Every event of `contract/braze/` gives exactly the requests that stand beside it, or the refusal."""

import json
from pathlib import Path

import pytest

from datafly import catalog
from datafly.testing.corpus import OUTCOME, governed, outcome, read_corpus
from datafly.testing.integration_suite import require_sendable

BRAZE = catalog.get("braze")
CASES = list(read_corpus(Path(__file__).parents[2] / "contract" / "braze"))


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_an_event_of_the_corpus_is_sent_as_it_says(case):
    found = json.loads(json.dumps(outcome("braze", case)))
    assert found == {name: case[name] for name in OUTCOME if name in case}
    for request in found.get("requests", ()):
        require_sendable(request["body"])


def test_every_rule_and_every_choice_is_in_the_corpus():
    sent = {governed(case).label for _, case in CASES if "requests" in case}
    assert [rule.event for rule in BRAZE.rules if rule.event not in {*sent, "*", "consent withdrawn"}] == []
    made = {(name, str(value)) for _, case in CASES for name, value in case.get("config", {}).items()}
    of_delivery = {BRAZE.spend.holds[0], BRAZE.spend.repeats[0]}
    for setting in (one for one in BRAZE.settings if one.name not in of_delivery):
        others = [option.value for option in getattr(setting, "options", ()) if option.value != setting.default]
        assert [value for value in others if (setting.name, value) not in made] == []
    assert {case["variant"] for _, case in CASES if "variant" in case} == {"purchases"}
