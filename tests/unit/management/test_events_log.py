import threading

import pytest

from datafly.log.base import Bounds, Record
from datafly.management.events_log import EventsLog


class Gaps:
    """A `Reader` over a list whose offsets skip, as a broker's may."""

    def __init__(self, offsets, earliest=0):
        self.records = [Record(offset=offset, key="k", value=b"", at_ms=offset) for offset in offsets]
        self.earliest = earliest

    def read(self, offset, *, max_records, max_bytes=4_000_000):
        assert max_bytes
        low = max(offset, self.earliest)
        return [record for record in self.records if record.offset >= low][: min(max_records, 5)]

    def bounds(self):
        return Bounds(self.earliest, self.records[-1].offset + 1 if self.records else 0)

    def close(self):
        self.records = []


def log_of(*readers):
    return EventsLog([lambda reader=reader: reader for reader in readers])


@pytest.mark.parametrize("step", [1, 2, 7, 100])
def test_going_backwards_meets_every_record_once_whatever_the_gaps(step):
    offsets = list(range(0, 2_000, step))
    log = log_of(Gaps(offsets))
    assert [place.offset for place in log.newest(log.heads())] == offsets[::-1]


def test_partitions_are_merged_by_time():
    log = log_of(Gaps([0, 3, 4]), Gaps([1, 2, 5]))
    assert [place.offset for place in log.newest(log.heads())] == [5, 4, 3, 2, 1, 0]
    assert [place.offset for place in log.after({0: 1, 1: 2}, limit=10)] == [2, 3, 4, 5]


def test_partitions_are_waited_for_together():
    both = threading.Barrier(2)

    class Slow(Gaps):
        def read(self, offset, **most):
            both.wait(60)
            return super().read(offset, **most)

    log = log_of(Slow([0]), Slow([1]))
    assert [place.offset for place in log.newest(log.heads())] == [1, 0]
    assert [place.offset for place in log.after({0: 0, 1: 0}, limit=10)] == [0, 1]


def test_a_place_in_a_gap_or_beyond_holds_nothing():
    log = log_of(Gaps([0, 3]))
    assert log.at(0, 3).offset == 3
    assert log.at(0, 1) is None
    assert log.at(0, 9) is None
    assert log.at(7, 0) is None
    assert list(log.between(7, 0, 9)) == []


def test_a_range_ends_where_it_was_said_to():
    log = log_of(Gaps(range(0, 100, 3)))
    assert [place.offset for place in log.between(0, 10, 40)] == list(range(12, 40, 3))


def test_what_is_not_kept_is_passed_over():
    log = log_of(Gaps(range(100), earliest=90))
    assert [place.offset for place in log.newest(log.heads())] == list(range(99, 89, -1))


def test_who_asks_from_far_beyond_the_head_reads_from_the_head():
    log = log_of(Gaps(range(10)))
    assert [place.offset for place in log.newest({0: 2**63 - 1})] == list(range(9, -1, -1))
