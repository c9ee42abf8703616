from hypothesis import given
from hypothesis import strategies as st

from datafly.deliver.tracker import Tracker


def test_the_mark_waits_for_the_oldest_undecided_event():
    tracker = Tracker(10)
    for offset in (10, 12, 13):
        tracker.take(offset)
    tracker.advance(20)
    tracker.finish(12)
    assert (tracker.mark, tracker.undecided, tracker.span) == (10, 2, 3)
    tracker.finish(10)
    assert (tracker.mark, tracker.undecided, tracker.span) == (13, 1, 1)
    tracker.finish(13)
    assert (tracker.mark, tracker.undecided, tracker.span) == (20, 0, 0)


def test_what_was_final_before_a_restart_is_known_once():
    tracker = Tracker(10, frozenset({11, 15}))
    assert [tracker.knows(offset) for offset in (10, 11, 11)] == [False, True, False]
    assert tracker.known_between(10, 20) == [15]


@given(st.lists(st.booleans(), max_size=60), st.randoms())
def test_the_mark_is_the_lowest_that_is_not_final_whatever_the_order(mine, chance):
    tracker, open_offsets = Tracker(0), []
    for offset, is_mine in enumerate(mine):
        if is_mine:
            tracker.take(offset)
            open_offsets.append(offset)
        tracker.advance(offset + 1)
    chance.shuffle(open_offsets)
    while open_offsets:
        assert tracker.mark == min(open_offsets)
        assert tracker.undecided == len(open_offsets)
        tracker.finish(open_offsets.pop())
    assert tracker.mark == len(mine)
