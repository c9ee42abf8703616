"""Reading a log whose offsets skip, as a broker's markers make them."""

from datafly.deliver.entries import EventReader
from datafly.log.base import Bounds, Record


class Marked:
    """Records at these offsets; everything else below the head is a marker, or gone below `earliest`."""

    skips = True

    def __init__(self, *offsets, head, earliest=0):
        self.offsets, self.head, self.earliest = [*offsets], head, earliest
        self.before_bounds = lambda: None
        self.asked = 0
        self.fetched_to = None

    def read(self, offset, *, max_records, max_bytes=0):
        return [Record(one, "k", b"", 0) for one in self.offsets if one >= offset][:max_records]

    def look(self, offset, *, max_records):
        if self.fetched_to is None:
            return None
        records = [one for one in self.read(offset, max_records=max_records) if one.offset < self.fetched_to]
        return records, records[-1].offset + 1 if records else max(offset, self.fetched_to)

    def gone_below(self, first):
        return min(self.earliest, first)

    def bounds(self):
        self.asked += 1
        found = Bounds(self.earliest, self.head)
        self.before_bounds()
        return found

    def close(self):
        pass


def decode(_value):
    raise ValueError("nobody looks inside")


def read(reader, offset):
    entries, after = reader.read(offset, 10)
    return [entry.offset for entry in entries], after


def test_markers_at_the_head_are_stepped_over_so_that_nothing_seems_to_be_left():
    log = Marked(0, 1, 3, head=5)
    reader = EventReader(log, decode)
    assert read(reader, 0) == ([0, 1, 3], 4)
    assert read(reader, 4) == ([], 5)
    log.offsets.append(7)
    log.head = 9
    assert read(reader, 5) == ([7], 8)
    assert read(reader, 8) == ([], 9)


def test_what_is_appended_while_the_head_is_looked_for_is_not_stepped_over():
    log = Marked(0, head=2)
    reader = EventReader(log, decode)

    def append():
        log.offsets, log.head = [0, 2], 4

    log.before_bounds = append
    assert read(reader, 1) == ([2], 3)


def test_what_is_gone_is_told_and_not_stepped_over():
    reader = EventReader(Marked(head=9, earliest=9), decode)
    found = next(found for _ in range(1_000) if (found := read(reader, 4)) != ([], 4))
    assert found == ([4], 9)


def test_what_is_gone_in_front_is_told_without_the_markers_that_lie_behind_it():
    assert read(EventReader(Marked(7, head=9, earliest=5), decode), 3) == ([3, 7], 8)
    entries, _ = EventReader(Marked(7, head=9, earliest=5), decode).read(3, 10)
    assert (entries[0].offset, entries[0].last) == (3, 4)


def test_a_marker_in_front_of_what_is_read_is_stepped_over_and_nobody_is_asked():
    """A broker answers nothing while it holds a fetch back, so each question is a tenth of a second."""
    log = Marked(0, 2, 4, head=6)
    reader = EventReader(log, decode)
    assert [read(reader, offset) for offset in (1, 3)] == [([2, 4], 5), ([4], 5)]
    assert log.asked == 0


def test_a_look_takes_what_is_here_and_goes_beyond_markers_and_asks_nobody():
    log = Marked(0, 2, head=4)
    reader = EventReader(log, decode)
    assert reader.look(0, 10) is None
    log.fetched_to = 2
    entries, after = reader.look(0, 10)
    assert ([one.offset for one in entries], after) == ([0], 1)
    assert reader.look(1, 10) == ([], 2)
    log.fetched_to = 4
    assert [one.offset for one in reader.look(2, 10)[0]] == [2]
    assert reader.look(3, 10) == ([], 4)
    assert log.asked == 0


def test_now_and_then_a_look_that_found_nothing_has_to_be_a_read():
    log = Marked(head=0)
    log.fetched_to = 0
    reader = EventReader(log, decode)
    looked = [reader.look(0, 10) for _ in range(1_000)]
    assert 1 <= looked.count(None) <= 100
    assert looked.count(([], 0)) == 1_000 - looked.count(None)
