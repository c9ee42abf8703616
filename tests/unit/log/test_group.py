"""Group commit: one durable append for all that wait, and nobody pays for another's mistake."""

import asyncio
import threading

import pytest

from datafly.log.base import Entry
from datafly.log.group import GroupCommit
from datafly.model.errors import Unavailable


class SlowAppender:
    """Holds every append until `gate` is open; knows what it was given."""

    def __init__(self):
        self.gate = threading.Event()
        self.began = threading.Event()
        self.commits = []
        self.failure = None

    def append(self, entries, *, consumed=None):
        self.began.set()
        self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if any(entry.key == "poison" for entry in entries):
            raise UnicodeError("this key cannot be written")
        first = sum(len(commit) for commit in self.commits)
        self.commits.append(list(entries))
        return first


@pytest.fixture
def appender():
    return SlowAppender()


async def began(appender):
    await asyncio.get_running_loop().run_in_executor(None, appender.began.wait)


async def waiting_group(appender, calls, **limits):
    """A group whose first call is being written and whose other calls wait."""
    group = GroupCommit(appender, **limits)
    tasks = [asyncio.create_task(group.append(calls[0]))]
    await began(appender)
    tasks += [asyncio.create_task(group.append(call)) for call in calls[1:]]
    await asyncio.sleep(0)
    return group, tasks


async def test_what_comes_during_a_commit_goes_together_into_the_next(appender):
    group, tasks = await waiting_group(appender, [[Entry(str(n), b"v")] for n in range(10)])
    appender.gate.set()
    assert await asyncio.gather(*tasks) == list(range(10))
    assert [len(commit) for commit in appender.commits] == [1, 9]
    await group.close()


async def test_a_full_queue_is_unavailable_and_empties_again(appender):
    group, tasks = await waiting_group(appender, [[Entry("a", b"v")] * 2, [Entry("b", b"v")]], max_waiting=3)
    with pytest.raises(Unavailable):
        await group.append([Entry("c", b"v")])
    appender.gate.set()
    await asyncio.gather(*tasks)
    assert group.waiting == 0
    assert await group.append([Entry("c", b"v")]) == 3
    await group.close()


async def test_too_many_bytes_are_unavailable_too(appender):
    group, tasks = await waiting_group(appender, [[Entry("a", b"v" * 90)]], max_waiting_bytes=100)
    with pytest.raises(Unavailable):
        await group.append([Entry("c", b"v" * 11)])
    appender.gate.set()
    await asyncio.gather(*tasks)
    await group.close()


async def test_one_call_above_every_limit_is_taken_when_nothing_waits(appender):
    appender.gate.set()
    group = GroupCommit(appender, max_waiting=1, max_waiting_bytes=1)
    assert await group.append([Entry("a", b"vv")] * 5) == 0
    await group.close()


async def test_a_call_that_cannot_be_written_fails_alone(appender):
    calls = [[Entry(key, b"v")] for key in ("first", "good", "poison", "better")]
    group, tasks = await waiting_group(appender, calls)
    appender.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[0], answers[1], answers[3]] == [0, 1, 2]
    assert isinstance(answers[2], UnicodeError)
    await group.close()


async def test_all_of_a_commit_hear_that_the_log_is_unavailable_and_later_calls_go_on(appender):
    group, tasks = await waiting_group(appender, [[Entry(str(n), b"v")] for n in range(3)])
    appender.failure = Unavailable("The disk is full.")
    appender.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, Unavailable) and "full" in answer.message for answer in answers)
    appender.failure = None
    assert await group.append([Entry("a", b"v")]) == 0
    await group.close()


async def test_closing_settles_what_waits_and_refuses_what_comes_later(appender):
    group, tasks = await waiting_group(appender, [[Entry(str(n), b"v")] for n in range(3)])
    closing = asyncio.create_task(group.close())
    appender.gate.set()
    await closing
    assert [task.result() for task in tasks] == [0, 1, 2]
    with pytest.raises(Unavailable):
        await group.append([Entry("late", b"v")])


async def test_a_caller_that_went_away_does_not_disturb_the_others(appender):
    group, tasks = await waiting_group(appender, [[Entry(str(n), b"v")] for n in range(3)])
    tasks[1].cancel()
    appender.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[0], answers[2]] == [0, 2]
    await group.close()
