from datafly.deliver.pace import Pace, Paces
from datafly.testing.clock import FakeClock


def test_a_burst_of_a_second_may_leave_at_once_and_the_rest_is_spread():
    pace = Pace(600, FakeClock())
    delays = [pace.due_in(pace.book()) for _ in range(30)]
    assert sum(delay <= 0 for delay in delays) == 10
    assert [round(delay, 3) for delay in delays[10:13]] == [0.1, 0.2, 0.3]


async def test_the_vendors_wish_for_silence_holds_everybody_also_who_waits_already():
    clock = FakeClock()
    pace = Pace(60, clock)
    booked_before = [pace.book() for _ in range(3)]
    pace.hold(30)
    booked_after = [pace.book() for _ in range(2)]
    assert [pace.due_in(turn) for turn in (*booked_before, *booked_after)] == [30, 30, 30, 30, 31]
    await clock.advance(30)
    assert [pace.due_in(turn) for turn in (*booked_before, *booked_after)] == [0, 0, 0, 0, 1]


def test_installations_of_one_credential_share_a_bucket():
    paces = Paces(FakeClock())
    assert paces.of("acme", "account", 60) is paces.of("acme", "account", 60)
    assert paces.of("acme", "account", 60) is not paces.of("acme", "other", 60)


def test_of_several_workers_each_has_its_part_of_the_rate():
    paces = [Paces(FakeClock(), 3).of("acme", "account", 600) for _ in range(3)]
    assert sum(pace.rate.allowed for pace in paces) == 600
    delays = [pace.due_in(pace.book()) for pace in paces for _ in range(10)]
    assert sum(delay <= 0 for delay in delays) == 3 * 3
    assert [pace.rate.shown for pace in paces] == [600] * 3


def test_a_worker_that_is_refused_halves_its_part_and_tells_what_all_would_send():
    clock = FakeClock()
    rate = Paces(clock, 3).of("acme", "account", 600).rate
    for _ in range(33):
        rate.leaves()
    assert rate.refused(clock.monotonic())
    assert rate.allowed == 33 * 6 / 2
    assert rate.shown == 270  # 297 in twentieths of 600
