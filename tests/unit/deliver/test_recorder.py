"""Writings of partitions that go and come again while the store does not answer."""

import asyncio

import pytest

from datafly.deliver.recorder import Recorder
from datafly.model.secret import Secret
from datafly.store.base import Writing
from datafly.store.open import open_store
from datafly.testing.clock import FakeClock


class Slow:
    """Calls are made once they are let, as by a network that is cut."""

    def __init__(self):
        self.begun = asyncio.Event()
        self.let = asyncio.Event()

    async def __call__(self, call):
        self.begun.set()
        await self.let.wait()
        return call()


@pytest.fixture
def ledger(tmp_path):
    with open_store(tmp_path, encryption_key=Secret("ab" * 32)) as store:
        yield store.ledger


def place(mark):
    return Writing(marks=(("ins", "", 0, mark),))


async def test_what_was_told_before_a_partition_went_is_not_written_once_it_came_back(ledger):
    """It is of another time, and what became of it meanwhile is in the ledger; nor is the new time over for it."""
    ledger.write([Writing(begun=(("ins", "", 0, 0),))])
    owned, over, slow = {0: ledger.take_over(0)[0]}, [], Slow()
    recorder = Recorder(ledger, FakeClock(), slow, owned=owned, on_taken_over=over.extend)
    running = asyncio.create_task(recorder.run())
    first = recorder.post(place(3), partition=0)
    await slow.begun.wait()
    second = recorder.post(place(7), partition=0)
    ledger.take_over(0)
    owned[0] = ledger.take_over(0)[0]
    slow.let.set()
    await asyncio.gather(first, second)
    assert over == []
    assert ledger.marks() == {("ins", 0): 0}
    await recorder.post(place(5), partition=0)
    assert ledger.marks() == {("ins", 0): 5}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
