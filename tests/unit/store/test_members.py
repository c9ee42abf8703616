from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from datafly.store import members

OFFSETS = st.integers(0, 2**60)


@given(st.lists(OFFSETS, min_size=1, unique=True), st.randoms())
def test_members_come_back_in_request_order(offsets, random):
    delivered = random.sample(offsets, random.randint(0, len(offsets)))
    assert members.unpack(members.pack(offsets, delivered)) == (tuple(offsets), tuple(delivered))


@given(OFFSETS, st.integers(0, 2**59))
def test_a_range_is_found_from_every_offset_in_it(first, width):
    last = first + width
    reach = members.reach(first, last)
    assert reach in members.REACHES
    for offset in (first, (first + last) // 2, last):
        assert offset - (1 << reach) < first <= offset


@given(st.sets(st.integers(0, 60)))
def test_ranges_are_runs_of_neighbours(offsets):
    runs = list(members.ranges(offsets))
    assert {offset for first, last in runs for offset in range(first, last + 1)} == offsets
    assert all(after[0] > before[1] + 1 for before, after in pairwise(runs))


def test_members_of_one_batch_take_about_a_byte_each():
    offsets = range(10**12, 10**12 + 500 * 60, 60)
    assert len(members.pack(offsets, offsets)) < 520
