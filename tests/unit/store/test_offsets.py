import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from datafly.store.offsets import Offsets

RANGES = st.lists(
    st.tuples(st.integers(0, 10**12), st.integers(0, 40)).map(lambda one: (one[0], sum(one))), max_size=20
)


@given(ranges=RANGES, asked=st.integers(0, 10**12))
def test_it_is_the_set_of_what_the_ranges_hold(ranges, asked):
    plain = {offset for first, last in ranges for offset in range(first, last + 1)}
    offsets = Offsets(ranges)
    assert offsets == frozenset(plain)
    assert list(offsets) == sorted(plain)
    assert len(offsets) == len(plain)
    assert (asked in offsets) == (asked in plain)
    assert all(first - 1 in offsets for first, _ in ranges if first - 1 in plain)


def test_a_million_of_others_cost_next_to_nothing():
    tracemalloc.start()
    try:
        offsets = Offsets([(1_000_000 + 3 * number, 1_000_001 + 3 * number) for number in range(100_000)])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(offsets) == 200_000
    assert held < 200_000
