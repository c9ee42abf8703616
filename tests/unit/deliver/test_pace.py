import asyncio

from datafly.deliver.pace import Pace, Paces
from datafly.testing.clock import FakeClock


async def test_a_burst_of_a_second_may_leave_at_once_and_the_rest_is_spread():
    clock, times = FakeClock(), []
    pace = Pace(600, clock)

    async def caller():
        await pace.take()
        times.append(clock.monotonic())

    callers = [asyncio.create_task(caller()) for _ in range(30)]
    await clock.advance(10)
    await asyncio.gather(*callers)
    assert sum(at == 0 for at in times) == 10
    assert [round(at, 1) for at in times[10:13]] == [0.1, 0.2, 0.3]


async def test_the_vendors_wish_for_silence_holds_everybody():
    clock = FakeClock()
    pace = Pace(60_000, clock)
    pace.hold(30)
    caller = asyncio.create_task(pace.take())
    await clock.advance(29)
    assert not caller.done()
    await clock.advance(2)
    assert caller.done()


def test_installations_of_one_credential_share_a_bucket():
    paces = Paces(FakeClock())
    assert paces.of("acme", "account", 60) is paces.of("acme", "account", 60)
    assert paces.of("acme", "account", 60) is not paces.of("acme", "other", 60)
