"""Work follows the partitions that a process is given, and ends before another process gets them."""

import asyncio

import pytest

from datafly.log import holding
from datafly.log.holding import hold
from datafly.model.errors import OperatorError, Unavailable


class Group:
    """A log whose partitions are given and taken by the test."""

    def join(self, group, claimant):
        self.claimant = claimant
        self.joined.set()
        return self

    def trouble(self):
        return None

    def close(self):
        self.claimant.revoked([0, 1, 2])

    async def ask(self, what, *partitions):
        await asyncio.to_thread(getattr(self.claimant, what), partitions)


@pytest.fixture
def group():
    return Group()


@pytest.fixture
async def held(group):
    """Starts to hold with some work; ends it, and tells what that raised."""
    group.joined, stop, running = asyncio.Event(), asyncio.Event(), []
    loop, joined = asyncio.get_running_loop(), group.joined
    group.joined = type("Joined", (), {"set": lambda: loop.call_soon_threadsafe(joined.set)})

    async def begin(work, **given):
        running.append(asyncio.create_task(hold(group, "role", work, stop, **given)))
        await joined.wait()
        return running[0]

    yield begin
    stop.set()
    await asyncio.gather(*running, return_exceptions=True)


async def until(look):
    for _ in range(2_000):
        if look():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not come to pass")


async def test_what_is_revoked_is_finished_first_while_the_rest_goes_on(group, held):
    told = []

    async def work(tenure):
        told.append(("begun", tenure.partition))
        await tenure.stop.wait()
        await asyncio.sleep(0)
        told.append(("lost" if tenure.lost else "finished", tenure.partition))

    await held(work)
    await group.ask("assigned", 0, 1, 2)
    await group.ask("revoked", 1)
    assert told[-1] == ("finished", 1)
    await group.ask("lost", 2)
    assert told[-1] == ("lost", 2)
    await group.ask("assigned", 1)
    await until(lambda: told.count(("begun", 1)) == 2)
    assert ("finished", 0) not in told


@pytest.mark.parametrize(
    "trouble",
    [OperatorError("Another process has taken this partition over.", code="FENCED"), Unavailable("No broker answers.")],
)
async def test_who_was_fenced_or_cannot_begin_tries_that_partition_again_while_it_is_given(
    group, held, monkeypatch, trouble
):
    monkeypatch.setattr(holding, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(holding, "_UNAVAILABLE_SECONDS", 0.01)
    begun = []

    async def work(tenure):
        begun.append(tenure.partition)
        if begun == [0, 1]:
            raise trouble
        await tenure.stop.wait()

    running = await held(work)
    await group.ask("assigned", 0, 1)
    await until(lambda: begun == [0, 1, 1])
    assert not running.done()


async def test_a_partition_that_cannot_be_begun_with_is_told_until_it_is_or_goes_elsewhere(group, held, monkeypatch):
    monkeypatch.setattr(holding, "_UNAVAILABLE_SECONDS", 0.01)
    asked, full = [], {0, 1}

    async def work(tenure):
        if tenure.partition in full:
            raise Unavailable("The disk is full.")
        tenure.wrong = None
        await tenure.stop.wait()

    await held(work, follow=asked.append)
    await until(lambda: asked)
    (trouble,) = asked
    assert trouble() is None
    await group.ask("assigned", 0, 1)
    await until(lambda: trouble() == "The disk is full.")
    full.remove(0)
    await group.ask("revoked", 1)
    await until(lambda: trouble() is None)


async def test_an_error_of_any_work_ends_all_and_is_raised(group, held):
    ended = []

    async def work(tenure):
        if tenure.partition:
            raise OperatorError("The state cannot be used.")
        await tenure.stop.wait()
        ended.append(tenure.partition)

    running = await held(work)
    await group.ask("assigned", 0, 1)
    with pytest.raises(OperatorError, match="cannot be used"):
        await running
    assert ended == [0]
