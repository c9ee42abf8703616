"""Which vendors the sender of an event chose, in the words that senders use."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly import catalog
from datafly.model.consent import Consent
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Verdict
from datafly.shape import shape_event
from datafly.shape.routing import routing_ruling
from datafly.spec.compile import compile_integration

MADE = compile_integration(catalog.get("insider"), {"api_key": Secret("k" * 20), "partner_name": "myco"})
ELSE = msgspec.structs.replace(MADE, vendor="movable_ink")


def event(integrations, *, kind="page"):
    return Event("m", kind, "pl", "k", 0, 0, "u", consent=Consent({"marketing": True}), integrations=integrations)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"All": False, "Insider": True},
        {"All": False, "insider": True},
        {"All": False, "Insider Cloud Mode (Actions)": True},
        {"Braze": False},
        {"Insiders": False},
        {"Insider": False, "Insider (Actions)": True},
    ],
)
def test_a_vendor_that_is_chosen_or_not_kept_out_gets_the_event(chosen):
    assert routing_ruling(MADE, event(chosen)) is None
    assert isinstance(shape_event(MADE, event(chosen), 0), tuple)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"All": False}, "“All” is false"),
        ({"All": False, "Braze": True}, "“All” is false"),
        ({"All": False, "Insiders": True}, "not named"),
        ({"INSIDER": False}, "“INSIDER” is false"),
        ({"All": True, "Insider": False}, "“Insider” is false"),
    ],
)
def test_a_vendor_that_is_kept_out_has_the_event_as_skipped_with_the_reason(chosen, words):
    ruling = shape_event(MADE, event(chosen), 0)
    assert (ruling.verdict, ruling.reason) == (Verdict.SKIPPED, "not_chosen")
    assert words in ruling.cause


@pytest.mark.parametrize(
    "name", ["Movable Ink", "movable_ink", "MOVABLE INK", "movable-ink", "Movable Ink Cloud Mode (Actions)"]
)
def test_case_blanks_and_signs_of_a_name_do_not_count(name):
    assert routing_ruling(ELSE, event({"All": False, name: True})) is None


def test_what_a_visitor_decided_about_consent_is_not_the_senders_to_withhold():
    assert routing_ruling(MADE, event({"All": False}, kind="consent")) is None


@given(st.dictionaries(st.text(max_size=120), st.booleans(), max_size=6))
def test_any_names_are_read(chosen):
    assert (routing_ruling(MADE, event(chosen)) is None) or chosen
