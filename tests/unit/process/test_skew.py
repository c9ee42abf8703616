"""When an event happened, by our clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.process.skew import correct, milliseconds

NOW = 1_795_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(ms):
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    ("timestamp", "ms"),
    [
        ("2026-11-23T10:00:00Z", 1_795_428_000_000),
        ("2026-11-23T10:00:00.123Z", 1_795_428_000_123),
        ("2026-11-23T10:00:00.123456Z", 1_795_428_000_123),
        ("2026-11-23T13:00:00+03:00", 1_795_428_000_000),
        ("2026-11-23T10:00:00", 1_795_428_000_000),
        ("2026-11-23", 1_795_392_000_000),
        ("soon", None),
        ("", None),
        (1_795_428_000_000, None),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200_000),
    ],
)
def test_a_timestamp_is_iso_8601_and_utc_unless_it_says_otherwise(timestamp, ms):
    assert milliseconds(timestamp) == ms


def test_a_missing_timestamp_is_the_time_of_receipt_and_that_is_not_worth_a_word():
    assert (correct(None, NOW, NOW).ms, correct(None, None, NOW).effect) == (NOW, "")


@pytest.mark.parametrize("timestamp", ["soon", 7, "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", {}])
def test_a_timestamp_that_cannot_be_used_is_the_time_of_receipt_and_told(timestamp):
    moment = correct(timestamp, None, NOW)
    assert moment.ms == NOW
    assert "the time of receipt counts" in moment.effect


def test_a_clock_that_is_behind_or_ahead_is_put_right():
    behind = correct(text(NOW - 3_600_000 - 500), NOW - 3_600_000, NOW)
    assert (behind.ms, behind.effect) == (NOW - 500, "the sender's clock is 60 minutes behind")
    ahead = correct(text(NOW + 2_500), NOW + 3_000, NOW)
    assert (ahead.ms, ahead.effect) == (NOW - 500, "the sender's clock is 3.0 seconds ahead")


def test_the_way_through_the_network_is_corrected_without_a_word():
    assert (correct(text(NOW - 400), NOW - 200, NOW).ms, correct(text(NOW - 400), NOW - 200, NOW).effect) == (
        NOW - 200,
        "",
    )


def test_an_event_from_an_offline_queue_keeps_its_age():
    assert correct(text(NOW - 86_400_000), NOW, NOW).ms == NOW - 86_400_000


def test_the_future_becomes_the_time_of_receipt():
    moment = correct(text(NOW + 86_400_000 * 3), None, NOW)
    assert (moment.ms, moment.effect) == (NOW, "timestamp is 3 days in the future: the time of receipt counts")
    assert correct(text(NOW + 100), None, NOW).effect == ""


AGES = st.integers(0, 10**9)


@given(AGES, AGES, st.integers(-(10**10), 10**10))
def test_whatever_the_senders_clock_says_the_order_and_the_distances_stay(first, second, skew):
    sent = NOW + skew
    moments = [correct(text(sent - age), sent, NOW).ms for age in (first, second)]
    assert moments == [NOW - first, NOW - second]


@given(st.one_of(st.none(), st.text(), st.datetimes().map(datetime.isoformat)), st.none() | st.integers(0, 2**45))
def test_any_timestamp_gives_a_moment_between_1970_and_the_receipt(timestamp, sent):
    assert 0 <= correct(timestamp, sent, NOW).ms <= NOW
