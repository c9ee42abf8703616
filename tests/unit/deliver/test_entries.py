"""Reading a log whose offsets skip, as a broker's markers make them."""

from datafly.deliver.entries import EventReader
from datafly.log.base import Bounds, Record


class Marked:
    """Records at these offsets; everything else below the head is a marker, or gone below `earliest`."""

    skips = True

    def __init__(self, *offsets, head, earliest=0):
        self.offsets, self.head, self.earliest = [*offsets], head, earliest
        self.before_bounds = lambda: None

    def read(self, offset, *, max_records, max_bytes=0):
        return [Record(one, "k", b"", 0) for one in self.offsets if one >= offset][:max_records]

    def bounds(self):
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
