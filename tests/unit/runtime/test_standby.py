"""Followers at work beside a role."""

import asyncio
import threading
import time

import pytest

from datafly.log.base import EVENTS, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import Unavailable
from datafly.process.follower import Choices
from datafly.runtime.standby import STALE_SECONDS, Standby


class Stubborn:
    """A follower that cannot read on when told so."""

    def __init__(self):
        self.stuck = False
        self.turns = 0
        self.closed = False
        self.caught_up = False
        self.hangs = threading.Event()
        self.returns = threading.Event()
        self.returns.set()

    def turn(self):
        self.turns += 1
        if not self.returns.is_set():
            self.hangs.set()
            self.returns.wait()
        if self.stuck:
            raise Unavailable("no broker answers")
        self.caught_up = True
        return 0

    def close(self):
        self.closed = True


async def until(condition):
    while not condition():  # noqa: ASYNC110  what is waited for happens in a thread
        await asyncio.sleep(0.005)


async def test_who_cannot_look_at_the_log_for_long_does_not_say_what_visitors_chose(tmp_path):
    log, one, ahead = SqliteLog(tmp_path / "log", {EVENTS: 1}), Stubborn(), [0.0]
    standby = Standby(log, tmp_path / "known", lambda *_: one, monotonic=lambda: time.monotonic() + ahead[0])
    assert standby.consents_of({"a"}) == {}
    async with standby.following(0) as caught_up:
        await caught_up.wait()
        assert standby.consents_of({"a"}) == {}
        one.stuck = True
        turns = one.turns
        await until(lambda: one.turns > turns + 1)
        ahead[0] = STALE_SECONDS + 1
        with pytest.raises(Unavailable, match="could not be learnt what visitors decide: no broker answers"):
            standby.consents_of({"a"})
        one.stuck = False
        turns = one.turns
        await until(lambda: one.turns > turns + 1)
        assert standby.consents_of({"a"}) == {}
        one.returns.clear()
        await until(one.hangs.is_set)
        ahead[0] += STALE_SECONDS + 1
        told = standby.trouble()
        one.returns.set()
        assert told.endswith("it could not be learnt what visitors decide."), "what failed before is mended"
    assert one.closed
    standby.close()


async def test_what_is_appended_is_known_soon(tmp_path):
    log = SqliteLog(tmp_path / "log", {EVENTS: 2})
    standby = Standby(log, tmp_path / "known", Choices)
    appender = log.appender(EVENTS, 1)
    async with standby.following(0), standby.following(1) as caught_up:
        await caught_up.wait()
        told = b'{"message_id":"m","type":"page","pipeline_id":"p","key":"a","timestamp_ms":5,"received_ms":5'
        appender.append([Entry("a", told + b',"context":{"consent":{"marketing":false}}}')])
        await until(lambda: standby.consents_of({"a"}))
        assert standby.consents_of({"a"}) == {"a": ({"marketing": False}, 5)}
    standby.close()
    appender.close()
