import asyncio

from datafly.deliver.service import Delivery
from datafly.model.verdict import Verdict
from datafly.observe import add_sink
from datafly.observe.deliver import DeliverEventsDecided
from datafly.runtime.clock import SystemClock


async def test_with_threads_and_time_of_its_own_it_delivers_and_stops_cleanly(house):
    decided, all_decided = [], asyncio.Event()

    def listen(told):
        if isinstance(told, DeliverEventsDecided):
            decided.append(told.events)
            if sum(decided) == 200:
                all_decided.set()

    house.clock = SystemClock()
    house.install(flush=10)
    stop = asyncio.Event()
    forget = add_sink(listen)
    try:
        task = asyncio.create_task(Delivery(house.parts()).run(stop))
        offsets = house.append(*(f"user{number}" for number in range(200)))
        await all_decided.wait()
        stop.set()
        await task
    finally:
        forget()
    assert {house.verdict(offset) for offset in offsets} == {(Verdict.DELIVERED, "")}
