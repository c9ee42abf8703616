"""The files for Prometheus and Grafana ask for metrics that there are, by labels that they have."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import promql_parser
import pytest
import yaml

from datafly.observe.catalogue import every_metric
from datafly.observe.exposition import PROCESS

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
RULES = yaml.safe_load((FOLDER / "signal.rules.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((FOLDER / "signal.dashboard.json").read_text(encoding="utf-8"))
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
OF_PROMETHEUS = {"instance", "job", PROCESS}
WITHIN = ("lhs", "rhs", "expr", "args", "param", "vector_selector")


def metrics():
    """What a query may name → its labels."""
    found = {}
    for family in every_metric():
        labels = {*family.labels, *OF_PROMETHEUS}
        if family.kind == "histogram":
            found |= {f"{family.name}_{one}": labels for one in ("count", "sum")}
            found[f"{family.name}_bucket"] = labels | {"le"}
        else:
            found[family.name] = labels
    return found


METRICS = metrics()


def panels():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m"), target["legendFormat"]


QUERIES = [(rule["alert"], rule["expr"]) for rule in RULES] + [(title, expr) for title, expr, _ in panels()]


def parts(node):
    yield node
    for name in WITHIN:
        below = getattr(node, name, None)
        for one in below if isinstance(below, list | tuple) else [below]:
            if one is not None:
                yield from parts(one)


def labels_asked(node):
    """Those by which it groups and joins."""
    modifier = getattr(node, "modifier", None)
    for one in (modifier, getattr(modifier, "matching", None)):
        yield from getattr(one, "labels", None) or ()
    yield from getattr(modifier, "group_labels", None) or ()


@pytest.mark.parametrize(("where", "expr"), QUERIES, ids=[f"{name}-{place}" for place, (name, _) in enumerate(QUERIES)])
def test_a_query_asks_for_metrics_that_there_are_by_labels_that_they_have(where, expr):
    nodes = [*parts(promql_parser.parse(expr))]
    asked = [node for node in nodes if isinstance(node, promql_parser.VectorSelector)]
    assert asked
    assert [node.name for node in asked if node.name not in METRICS] == []
    for node in asked:
        assert {one.name for one in node.matchers.matchers} <= METRICS[node.name], node.name
    known = set.union(*(METRICS[node.name] for node in asked))
    assert {label for node in nodes for label in labels_asked(node)} <= known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_what_is_so_and_names_labels_that_it_keeps(rule):
    assert rule["labels"]["severity"] in {"critical", "warning"}
    words = " ".join(rule["annotations"].values())
    assert {*rule["annotations"]} == {"summary", "description"}
    named = {*re.findall(r"\$labels\.(\w+)", words)}
    kept = {label for node in parts(promql_parser.parse(rule["expr"])) for label in labels_asked(node)}
    assert named <= kept


@pytest.mark.parametrize("role", ["gateway", "processor", "delivery", "management"])
def test_that_nothing_of_a_role_runs_any_more_is_told_beside_those_that_run(role):
    (expr,) = [rule["expr"] for rule in RULES if rule["alert"] == f"SignalNo{role.capitalize()}"]
    names = {
        one.matchers.matchers[0].value
        for one in parts(promql_parser.parse(expr))
        if getattr(one, "matchers", None) and one.matchers.matchers
    }
    assert [re.fullmatch(name, f"{role}-2") is not None for name in names] == [True]


def test_a_legend_names_labels_that_its_query_keeps():
    for title, expr, legend in panels():
        kept = {label for node in parts(promql_parser.parse(expr)) for label in labels_asked(node)}
        assert {*re.findall(r"\{\{(\w+)\}\}", legend)} <= kept, title


def test_the_dashboard_shows_lag_verdicts_latency_and_faults_and_can_be_put_in_as_it_is():
    shown = " ".join(expr for _, expr, _ in panels())
    for name in ("lag_events", "events_decided", "latency_seconds", "store_transaction_failed", "disk_free"):
        assert name in shown
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert {one["name"] for one in DASHBOARD["templating"]["list"]} == {"source", "installation"}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not there: rules are parsed alone")
def test_promtool_finds_nothing_wrong_and_alerts_fire_when_they_shall(tmp_path):
    rules = tmp_path / "signal.rules.yaml"
    shutil.copy(FOLDER / rules.name, rules)
    cases = shutil.copy(Path(__file__).parent / "signal.rules.test.yaml", tmp_path)
    for words in (["check", "rules", str(rules)], ["test", "rules", str(cases)]):
        ran = subprocess.run([PROMTOOL, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
