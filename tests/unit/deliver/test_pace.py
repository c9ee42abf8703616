import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly.deliver.pace import Pace, Paces
from datafly.spec.pacing import Pacing, Window
from datafly.testing.clock import FakeClock


def waits(pace, count):
    return [pace.due_in(pace.book()) for _ in range(count)]


def due_in(pace, *turns):
    return [round(pace.due_in(turn), 3) for turn in turns]


def test_a_burst_of_a_second_may_leave_at_once_and_the_rest_is_spread():
    delays = waits(Pace(Pacing(600), FakeClock()), 30)
    assert sum(delay <= 0 for delay in delays) == 10
    assert [round(delay, 3) for delay in delays[10:13]] == [0.1, 0.2, 0.3]


def test_a_window_beside_the_minute_may_be_used_up_at_once_and_then_the_minute_counts():
    """Klaviyo's profiles: 75 in a second, 750 in a minute."""
    delays = waits(Pace(Pacing(750, (Window(75, 1.0),)), FakeClock()), 751)
    assert sum(delay <= 0 for delay in delays) == 75
    assert delays[75] == pytest.approx(1.2), "a window is kept a little longer than the vendor counts it"
    assert 53 < delays[749] < 55, "spread over the minute"
    assert delays[750] == pytest.approx(60.2), "what left at once is missing at the end of the minute"


def test_what_leaves_at_once_is_never_more_than_a_tenth_of_a_minute():
    """Who lowers the minute does not get all of it in the first second."""
    delays = waits(Pace(Pacing(600, (Window(3_000, 3.0),)), FakeClock()), 100)
    assert sum(delay <= 0 for delay in delays) == 60


def test_a_window_that_allows_less_than_the_minute_is_the_rate():
    pace = Pace(Pacing(6_000, (Window(1_000, 3_600.0),)), FakeClock())
    assert pace.rate.documented == 16
    delays = waits(pace, 1_001)
    assert delays[1_000] >= 3_600


async def test_the_vendors_wish_for_silence_holds_everybody_also_who_waits_already():
    clock = FakeClock()
    pace = Pace(Pacing(60), clock)
    booked_before = [pace.book() for _ in range(3)]
    pace.hold(30)
    booked_after = [pace.book() for _ in range(2)]
    assert due_in(pace, *booked_before, *booked_after) == [30, 31, 32, 33, 34]
    await clock.advance(30)
    assert due_in(pace, *booked_before, *booked_after) == [0, 1, 2, 3, 4]


def test_a_shorter_wish_for_silence_does_not_shorten_a_longer_one():
    clock = FakeClock()
    pace = Pace(Pacing(60), clock)
    pace.hold(30)
    pace.hold(10)
    assert due_in(pace, pace.book()) == [30]


STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 30)),
    st.tuples(st.just("pass"), st.floats(0.01, 30)),
    st.tuples(st.just("hold"), st.floats(0.1, 20)),
    st.tuples(st.just("refused"), st.none()),
    st.tuples(st.just("taken"), st.integers(1, 200)),
)
WINDOWS = st.lists(st.builds(Window, st.integers(1, 60), st.sampled_from([0.5, 1.0, 3.0, 10.0, 90.0])), max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.integers(1, 400),
    windows=WINDOWS,
    workers=st.integers(1, 4),
    steps=st.lists(STEPS, min_size=1, max_size=25),
)
def test_no_window_is_ever_exceeded_wherever_it_begins(per_minute, windows, workers, steps):
    """Whatever is sent when, the vendor asks for, or answers; by all workers of an installation together."""
    clock, pacing = FakeClock(), Pacing(per_minute, tuple(windows))
    paces = [Paces(clock, 1 / workers).of("acme", "account", pacing) for _ in range(workers)]
    waiting, gone = [], []
    for what, much in steps:
        for pace in paces:
            if what == "send":
                waiting += [(pace, pace.book()) for _ in range(much)]
            elif what == "hold":
                pace.hold(much)
            elif what == "refused":
                pace.rate.leaves()
                pace.rate.refused(clock.monotonic())
            elif what == "taken":
                for _ in range(much):
                    pace.rate.taken()
        if what == "pass":
            clock.pass_by(much)
        waiting, gone = _leave(waiting, clock, gone)
    gone += [pace.due_in(turn) + clock.monotonic() for pace, turn in waiting]
    for window in pacing.every():
        _require_kept(sorted(gone), window, workers)


def _leave(waiting, clock, gone):
    """Who was due has left then: a hold after that changes nothing for it."""
    dues = [(pace, turn, pace.due_in(turn)) for pace, turn in waiting]
    left = [due + clock.monotonic() for _, _, due in dues if due <= 0]
    return [(pace, turn) for pace, turn, due in dues if due > 0], gone + left


def _require_kept(gone, window, workers):
    """A worker whose part is less than one request sends one; there are then more workers than requests."""
    most = max(window.requests, workers)
    for first, later in zip(gone, gone[most:], strict=False):
        assert later - first >= window.seconds - 0.001, (window, first, later)


def test_a_window_that_changes_counts_what_left_before():
    pace = Pace(Pacing(600), FakeClock())
    waits(pace, 10)
    pace.retune(Pacing(600, (Window(20, 30.0),)))
    delays = waits(pace, 11)
    assert delays[9] < 30
    assert delays[10] == pytest.approx(30.2)


def test_installations_of_one_credential_share_a_bucket_and_those_of_other_calls_have_their_own():
    paces = Paces(FakeClock())
    assert paces.of("acme", "account", Pacing(60)) is paces.of("acme", "account", Pacing(60))
    assert paces.of("acme", "account", Pacing(60)) is not paces.of("acme", "other", Pacing(60))
    assert paces.of("acme", "account", Pacing(60)) is not paces.of("acme", "account", Pacing(60, pool="/one"))


def test_of_several_workers_each_has_its_part_of_the_rate():
    paces = [Paces(FakeClock(), 1 / 3).of("acme", "account", Pacing(600)) for _ in range(3)]
    assert sum(pace.rate.allowed for pace in paces) == 600
    delays = [pace.due_in(pace.book()) for pace in paces for _ in range(10)]
    assert sum(delay <= 0 for delay in delays) == 3 * 3
    assert [pace.rate.shown for pace in paces] == [600] * 3


def test_a_worker_that_is_refused_halves_its_part_and_tells_what_all_would_send():
    clock = FakeClock()
    rate = Paces(clock, 1 / 3).of("acme", "account", Pacing(600)).rate
    for _ in range(33):
        rate.leaves()
    assert rate.refused(clock.monotonic())
    assert rate.allowed == 33 * 6 / 2
    assert rate.shown == 270  # 297 in twentieths of 600
