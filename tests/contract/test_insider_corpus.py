"""Every event of `contract/insider/` gives exactly the requests that stand beside it, or the refusal."""

import json
from collections import Counter
from pathlib import Path

import pytest

from datafly import catalog
from datafly.testing.corpus import OUTCOME, governed, installed, outcome, read_corpus
from datafly.testing.integration_suite import require_sendable

INSIDER = catalog.get("insider")
CASES = list(read_corpus(Path(__file__).parents[2] / "contract" / "insider"))


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_an_event_of_the_corpus_is_sent_as_it_says(case):
    found = json.loads(json.dumps(outcome("insider", case)))
    assert found == {name: case[name] for name in OUTCOME if name in case}
    for request in found.get("requests", ()):
        require_sendable(request["body"])


def test_the_corpus_is_large_and_names_each_event_once():
    assert len(CASES) >= 150
    assert [name for name, count in Counter(name for name, _ in CASES).items() if count > 1] == []


def test_every_rule_and_every_refusal_is_in_the_corpus():
    sent = {governed(case).label for _, case in CASES if "requests" in case}
    assert [rule.event for rule in INSIDER.rules if rule.event not in {*sent, "*", "consent withdrawn"}] == []
    refused = {case["refused"]["reason"] for _, case in CASES if "refused" in case}
    unseen = {refusal.reason for refusal in INSIDER.refusals()} - refused
    assert unseen == set()


def test_every_choice_is_made_in_the_corpus():
    made = {(name, str(value)) for _, case in CASES for name, value in case.get("config", {}).items()}
    tried = {name for name, _ in made}
    left_out = {"api_key", "partner_name", "base_url", "flush_interval_ms", "max_users_per_request"}
    assert {setting.name for setting in INSIDER.settings} - left_out - tried == set()
    for setting in INSIDER.settings:
        others = [option.value for option in getattr(setting, "options", ()) if option.value != setting.default]
        assert [value for value in others if (setting.name, value) not in made] == []
    assert {case["variant"] for _, case in CASES if "variant" in case} == {"retail", "travel", "media"}


def test_a_case_is_installed_as_its_config_says():
    assert installed("insider", {"config": {"max_users_per_request": 7}}).limits.max_items == 7
    assert installed("insider", {"variant": "media"}).limits.flush_interval_ms == 2_000
