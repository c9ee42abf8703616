"""The published SDKs of Segment, RudderStack and Jitsu, unchanged, as processes and pages of their own."""

import os

import pytest
from proving.judge import faults
from proving.page import PAGE, drawn
from proving.run import NoNode, node, run, run_at
from proving.sdks import SDKS
from proving.several import several

pytestmark = pytest.mark.xdist_group("sdks")

MARKS = {"Chromium": pytest.mark.browser}
EACH = pytest.mark.parametrize(
    "sdk", [pytest.param(sdk, marks=MARKS.get(sdk.where, ()), id=f"{sdk.package} in {sdk.where}") for sdk in SDKS]
)


def wrong(sdk, mode):
    if sdk.where != "Python":
        need_node()
    return faults(sdk, mode, run(sdk, mode))


def need_node():
    try:
        node()
    except NoNode as missing:
        pytest.skip(f"Node's SDKs cannot run here: {missing}")


@EACH
def test_every_call_arrives_whole_and_once_with_its_ids_and_context(sdk):
    assert wrong(sdk, "all") == []


@EACH
def test_what_ends_at_once_has_said_what_it_had_to_say(sdk):
    assert wrong(sdk, "short") == []


@EACH
def test_what_is_sent_again_because_an_answer_was_lost_counts_once(sdk):
    assert wrong(sdk, "lost") == []


@pytest.fixture(scope="module")
def two_gateways():
    with several() as running:
        yield running


EVERY = os.environ.get("SDKS_SPREAD") == "all"


@pytest.mark.parametrize("sdk", [one for one in EACH.args[1] if EVERY or one.values[0].spread])
def test_it_is_the_same_at_several_gateways_behind_one_address(sdk, two_gateways):
    if sdk.where != "Python":
        need_node()
    for mode in ("all", "short") if EVERY else ("all",):
        assert faults(sdk, mode, run_at(sdk, mode, two_gateways)) == []


@pytest.mark.browser
def test_the_page_shows_what_was_found():
    need_node()
    assert PAGE.read_text(encoding="utf-8") == drawn(), "run python tests/sdks/draw.py"
