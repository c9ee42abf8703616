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
