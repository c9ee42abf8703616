import msgspec
import pytest

from datafly import catalog
from datafly.catalog import lint as linting
from datafly.catalog.lint import RULES, Subject, lint
from datafly.catalog.waivers import WAIVERS, Waiver
from datafly.model.errors import NotFound
from datafly.model.verdict import Verdict
from datafly.spec.integration import Functions, Overridable, Place, Route, SeeAlso
from datafly.spec.nodes import path
from datafly.spec.parts import by_setting
from datafly.spec.setting import Text
from datafly.spec.spending import Cost, Spend
from datafly.spec.words import Hint, Refusal

INSIDER = catalog.get("insider")


def broken(folder="insider", **changes):
    changed = msgspec.structs.replace(INSIDER, **changes)
    findings = lint(Subject(folder, changed, frozenset({"insider", "klaviyo", "braze", "movable_ink"})))
    return {finding.rule for finding in findings}


def test_definitions_are_found_by_folder_and_by_slug():
    assert "insider" in [one.slug for one in catalog.all()]
    assert catalog.get("insider") is INSIDER
    assert list(catalog.all()) == sorted(catalog.all(), key=lambda one: one.slug)


def test_an_unknown_slug_is_told_with_those_that_exist():
    with pytest.raises(NotFound, match=r"'insidr'.*insider") as caught:
        catalog.get("insidr")
    assert caught.value.status == 404
    assert "insider" in caught.value.details["known"]


def test_every_rule_says_what_it_asks_and_has_a_tier():
    for rule in RULES:
        assert rule.check.__doc__
        assert rule.tier in ("alpha", "beta", "stable")
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_definition_that_keeps_the_rules_has_no_finding():
    assert broken() == set()


def _with_rule(**changes):
    first, *others = INSIDER.rules
    return (msgspec.structs.replace(first, **changes), *others)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"folder": "other"}, "slug-is-its-folder"),
        ({"stage": "gamma"}, "stage-is-a-tier"),
        (
            {"routes": (*INSIDER.routes, Route("/api/user/v1/identity", method="PATCH", requests_per_minute=7))},
            "calls-of-one-path-have-one-rate",
        ),
        ({"summary": " "}, "everything-has-a-sentence"),
        ({"overridable": Overridable(path("event"), (Place("x", "no.where", "…"),))}, "what-may-be-changed-is-there"),
        (
            {"overridable": Overridable(path("event"), (Place("attributes", "attributes", "…", {"x": "no_type"}),))},
            "what-may-be-changed-is-there",
        ),
        ({"samples": ()}, "every-rule-has-a-sample"),
        ({"rules": _with_rule(event="Page Seen")}, "rules-name-canonical-events"),
        ({"rules": (*INSIDER.rules, INSIDER.rules[0])}, "rules-name-canonical-events"),
        ({"rules": _with_rule(route="nowhere")}, "routes-exist"),
        ({"failures": ()}, "wrong-credentials-are-known"),
        ({"settings": (*INSIDER.settings, Text("other_token", "T.", default="x"))}, "secrets-are-secret"),
        ({"see_also": (SeeAlso("nobody", "Nobody", "x"),)}, "see-also-exists"),
        ({"headers": {"X-A": "{missing}"}}, "templates-name-settings"),
        ({"settings": (Text("a", "A."),)}, "examples-are-valid"),
        ({"body": path("user.email")}, "paths-exist"),
        ({"identity": (msgspec.structs.replace(INSIDER.identity[1], source="email"),)}, "identity-is-what-it-says"),
        ({"hints": ()}, "hints-exist"),
        (
            {"identity": (msgspec.structs.replace(INSIDER.identity[0], required=Refusal(Verdict.RETRY, "r")),)},
            "hints-exist",
        ),
        ({"consent": "advertising"}, "consent-is-a-category"),
        ({"consent": None}, "withdrawals-are-of-a-consent"),
        ({"rules": _with_rule(off=("forward_consent", "never"))}, "options-exist"),
        ({"rules": _with_rule(off=("api_key", "off"))}, "options-exist"),
        ({"body": by_setting("forward_consent", always=path("name"))}, "options-exist"),
        ({"functions": Functions()}, "a-batch-is-judged-per-item"),
        ({"routes": (Route("/x"),)}, "a-batch-is-judged-per-item"),
        (
            {"failures": (msgspec.structs.replace(INSIDER.failures[3], contains=(), symptom="x"), *INSIDER.failures)},
            "failures-are-recognised",
        ),
        ({"stage": "beta", "check": None}, "a-check-exists"),
        ({"stage": "beta", "limits": msgspec.structs.replace(INSIDER.limits, source="")}, "limits-have-a-source"),
        ({"stage": "beta", "samples": INSIDER.samples[:1]}, "every-refusal-has-a-sample"),
        ({"stage": "stable"}, "replies-are-recorded"),
        ({"hints": (*INSIDER.hints, Hint("a", "", "c"))}, "everything-has-a-sentence"),
        ({"spend": Spend("points", "n", {"nowhere": Cost(1)})}, "spend-is-of-its-settings"),
        ({"spend": Spend("points", "n", {}, cap="api_key")}, "spend-is-of-its-settings"),
        ({"spend": Spend("points", "n", {}, holds=("forward_consent", "never"))}, "spend-is-of-its-settings"),
    ],
)
def test_a_definition_that_breaks_a_rule_is_told_so(changes, rule):
    assert rule in broken(**changes)


def test_what_cannot_be_json_is_told():
    (asked,) = [one for one in RULES if one.name == "it-is-data"]
    sample = msgspec.structs.replace(INSIDER.samples[0], sends=object())
    changed = msgspec.structs.replace(INSIDER, samples=(sample,))
    assert list(asked.check(Subject("insider", changed, frozenset())))


def test_insider_would_pass_as_beta():
    assert broken(stage="beta") == set()


def test_a_waiver_that_excuses_nothing_must_go(monkeypatch):
    monkeypatch.setattr(linting, "WAIVERS", (*WAIVERS, Waiver("insider", "routes-exist", "x", "none")))
    assert [str(one) for one in catalog.check()] == [
        "insider: remove the waiver of routes-exist: it excuses nothing (waivers-are-needed)"
    ]
