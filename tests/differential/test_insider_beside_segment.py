"""Signal's requests to Insider beside those of the mapping that is published for Segment: every deviation is told."""

import json
import re
import subprocess
import sys

import msgspec
import pytest
from beside import differences as compared
from beside.answers import said_of
from beside.page import PAGE, drawn
from beside.rows import FILE, Row, explained, table
from beside.senders import SEGMENT, NoNode, Sent, node

pytestmark = pytest.mark.xdist_group("beside-segment")

MEND = f"mend {FILE.name}, then run python tests/differential/draw.py"


@pytest.fixture(scope="module")
def found():
    """Every difference on the whole corpus; skipped where Segment's mapping cannot run."""
    try:
        node()
    except NoNode as missing:
        pytest.skip(f"Segment's mapping cannot run here: {missing}")
    return compared.differences()


def sent(*events, method="POST", url="https://one/upsert", **user):
    return Sent(({"method": method, "url": url, "body": {"users": [{**user, "events": list(events)}]}},))


def event(**params):
    return {"event_name": "x", "timestamp": "2026-11-25T09:46:40Z", "event_params": params}


def test_no_deviation_from_segments_mapping_is_unexplained(found):
    assert found
    _, unexplained = explained(table().rows, found)
    assert [str(one) for one in unexplained] == [], MEND


def test_no_deviation_is_listed_that_is_there_no_longer(found):
    firsts, _ = explained(table().rows, found)
    assert [row.name for row in table().rows if row not in firsts] == [], MEND


def test_the_page_tells_every_deviation_with_a_true_example(found):
    firsts, _ = explained(table().rows, found)
    assert PAGE.read_text(encoding="utf-8") == drawn(table(), firsts), MEND


async def test_what_becomes_of_segments_requests_at_insider_is_what_its_sandbox_answers(found):
    firsts, _ = explained(table().rows, found)
    answered = await said_of(firsts)
    assert answered
    assert [f"{row.name}: {answer}" for row, answer in answered.items() if answer != row.insider] == []


def test_a_difference_without_a_row_and_a_row_without_a_difference_are_found():
    new = compared.Difference("case", "Product Viewed", "identifiers.uuid", '"a"', '"b"', frozenset())
    gone = Row(("identifiers.email",), segment="one", signal="other", why="why", contract="§1")
    assert explained([*table().rows, gone], [new]) == ({}, [new])


def test_every_row_is_about_something_of_its_own():
    rows = table().rows
    assert len({msgspec.json.encode(row) for row in rows}) == len(rows)
    assert [row.name for row in rows if not (row.segment and row.signal and row.why and row.contract)] == []


def test_requests_that_are_the_same_do_not_differ():
    one = sent(event(product_id="1", price=2, custom={}), not_append=True)
    other = sent(event(product_id="1", price=2.0), not_append=True, attributes={"custom": {}})
    assert list(compared.between(one, other)) == []


def test_the_same_moment_is_no_difference_and_another_is():
    one, other = sent(timestamp="2026-11-25T09:46:40.000Z"), sent(timestamp="2026-11-25T09:46:40Z")
    assert list(compared.between(one, other)) == []
    later = sent(timestamp="2026-11-25T09:46:41Z")
    assert [field for field, *_ in compared.between(one, later)] == ["timestamp"]


@pytest.mark.parametrize(
    ("segment", "signal", "difference"),
    [
        (sent(a={"b": 1}), sent(a={"b": 2}), ("a.b", "1", "2")),
        (sent(a={"b": 1}), sent(), ("a.b", "1", "")),
        (sent(), sent(a={"b": [1]}), ("a.b", "", "[1]")),
        (sent(a=1), sent(a=True), ("a", "1", "true")),
        (sent(a="1"), sent(a=1), ("a", '"1"', "1")),
        (sent(a={"b": 1}), sent(a="b"), ("a", '{"b": 1}', '"b"')),
        (sent(event(), event()), sent(event()), ("events", "2", "1")),
        (sent(event(x=1)), sent(event(x=2)), ("events.event_params.x", "1", "2")),
        (sent(), sent(url="https://other/upsert"), ("url", '"https://one/upsert"', '"https://other/upsert"')),
        (sent(), Sent((*sent().requests, *sent(method="PATCH").requests)), ("requests", "", "PATCH /upsert")),
        (Sent(nothing="no action takes it"), sent(), ("request", "no action takes it", "sent")),
        (sent(), Sent(nothing="missing_uuid"), ("request", "sent", "missing_uuid")),
    ],
    ids=str,
)
def test_a_difference_is_told_by_its_field_and_both_values(segment, signal, difference):
    assert list(compared.between(segment, signal)) == [difference]


def test_two_that_send_nothing_do_not_differ():
    assert list(compared.between(Sent(nothing="no action takes it"), Sent(nothing="no_attributes"))) == []


def test_a_row_explains_its_own_field_relation_and_side_alone():
    row = Row(("a.*",), segment="", signal="", why="", contract="", relation="upper case", of=("x",))
    fits = compared.Difference("case", "x", "a.b", '"gbp"', '"GBP"', frozenset())
    assert row.explains(fits)
    others = ({"field": "b"}, {"of": "y"}, {"signal": '"EUR"'}, {"signal": ""}, {"segment": ""})
    assert [change for change in others if row.explains(msgspec.structs.replace(fits, **change))] == []


def test_where_there_is_no_node_that_is_said():
    without_packages = [sys.executable, "-S", SEGMENT / "install.py"]
    ran = subprocess.run(without_packages, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (3, "There is no Node 18 or newer with npm here.\n")


def test_as_published_segments_mapping_sends_identify_alone(found):
    script = "require('./mapping.cjs').presets.forEach((preset) => console.log(preset.subscribe))"
    ran = subprocess.run([node(), "-e", script], cwd=SEGMENT, capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n") == ['type = "identify"', ""]


def test_what_is_compared_with_is_pinned():
    manifest = json.loads((SEGMENT / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((SEGMENT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in manifest["dependencies"].values())
    assert [path for path, package in locked.items() if path and not package.get("integrity")] == []
