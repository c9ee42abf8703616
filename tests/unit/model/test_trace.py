import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.trace import Trace, read_trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
IDS = st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1)


@given(*IDS, st.booleans())
def test_what_is_written_reads_back(trace, span, sampled):
    one = Trace(f"{trace:032x}", f"{span:016x}", sampled)
    assert read_trace(one.text) == one


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"00-{TRACE}-{SPAN}-01", Trace(TRACE, SPAN)),
        (f" 00-{TRACE}-{SPAN}-00 ", Trace(TRACE, SPAN, sampled=False)),
        (f"00-{TRACE}-{SPAN}-03", Trace(TRACE, SPAN)),
        (f"cc-{TRACE}-{SPAN}-01-what-a-newer-version-has", Trace(TRACE, SPAN)),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
        ("", None),
    ],
)
def test_a_traceparent_is_read_as_the_w3c_has_it(text, read):
    assert read_trace(text) == read


@given(st.text())
def test_no_text_is_too_odd(text):
    assert read_trace(text) is None or read_trace(text)


def test_the_span_below_is_the_same_for_the_same_name_and_another_for_another():
    one = Trace(TRACE, SPAN)
    assert one.below("m-1") == one.below("m-1") != one.below("m-2")
    assert one.below("m-1").trace_id == TRACE
    assert read_trace(one.below("m-1").text) == one.below("m-1")
