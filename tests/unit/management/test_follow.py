import asyncio
import contextlib
import threading

import aiohttp
import msgspec
import pytest
import uvicorn

from datafly.management.settings import ManagementSettings
from datafly.model.verdict import Verdict


@pytest.fixture
def settings():
    return ManagementSettings(follow_pause_seconds=0.01, heartbeat_seconds=0.05, follow_waiting=3)


@pytest.fixture
async def served(house):
    """A real server, stopped as the role stops it: first `stop`, then the server."""
    house.live()
    config = uvicorn.Config(house.app, port=0, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        yield session
    house.stop.set()
    server.should_exit = True
    await serving


class Following:
    """One follower; reads messages as they come."""

    def __init__(self, reply):
        self.reply = reply
        self.last_id = None

    async def lines(self):
        async for raw in self.reply.content:
            yield raw.decode().rstrip("\n")

    async def message(self):
        async with asyncio.timeout(60):
            async for line in self.lines():
                if line.startswith("id: "):
                    self.last_id = line[4:]
                if line.startswith("data: "):
                    return msgspec.json.decode(line[6:])
        raise AssertionError("the stream ended")

    async def comment(self):
        async with asyncio.timeout(60):
            async for line in self.lines():
                if line.startswith(":"):
                    return line
        raise AssertionError("the stream ended")


@pytest.fixture
def follow(house, served):
    @contextlib.asynccontextmanager
    async def following(query="", **headers):
        headers["Authorization"] = f"Bearer {house.tokens['viewer']}"
        async with served.get(f"/v1/admin/live-events?follow=true{query}", headers=headers) as reply:
            assert reply.status == 200
            assert reply.headers["Content-Type"].startswith("text/event-stream")
            following = Following(reply)
            await following.comment()
            yield following

    return following


async def test_an_event_is_told_when_it_comes_and_again_when_it_is_final(house, follow):
    installation = house.installed()
    house.happens("before")
    async with follow() as stream:
        place = house.happens("m1")
        seen = await stream.message()
        assert seen["message_id"] == "m1"
        assert [waiting["state"] for waiting in seen["pending"]] == ["queued"]
        house.delivers(installation, place)
        final = await stream.message()
        assert final["message_id"] == "m1"
        assert [delivery["verdict"] for delivery in final["deliveries"]] == ["DELIVERED"]
        assert final["pending"] == []


async def test_who_watches_learns_once_that_what_waits_was_suspended_and_the_cure(house, follow):
    installation = house.installed()
    async with follow() as stream:
        first, second = house.happens("first"), house.happens("second")
        assert [(await stream.message())["pending"][0]["state"] for _ in range(2)] == ["queued", "queued"]
        house.stands(installation, "suspended", reason="401", cause="Invalid API key", cure="Regenerate the key")
        told = await stream.message()
        assert told["message_id"] == "first"
        assert [(one["state"], one["cure"]) for one in told["pending"]] == [("suspended", "Regenerate the key")]
        house.stands(installation, "running")
        house.delivers(installation, first, second)
        final = [await stream.message() for _ in range(2)]
        assert [(event["message_id"], event["pending"]) for event in final] == [("first", []), ("second", [])]


async def test_filters_hold_for_followers_too(house, follow):
    async with follow("&user_id=jane") as stream:
        house.happens("m1", user_id="joe")
        house.happens("m2", user_id="jane")
        assert (await stream.message())["message_id"] == "m2"


async def test_a_verdict_is_told_when_it_is_known(house, follow):
    installation = house.installed()
    async with follow("&verdict=REJECTED") as stream:
        good, bad = house.happens("good"), house.happens("bad")
        house.delivers(installation, good)
        house.decides(installation, Verdict.REJECTED, bad, reason="no")
        assert (await stream.message())["message_id"] == "bad"


async def test_a_follower_that_comes_back_misses_nothing(house, follow):
    installation = house.installed()
    async with follow() as stream:
        waiting = house.happens("waiting")
        house.happens("m1", partition=1)
        told = {(await stream.message())["message_id"] for _ in range(2)}
        assert told == {"waiting", "m1"}
    house.delivers(installation, waiting)
    house.happens("missed")
    async with follow(**{"Last-Event-ID": stream.last_id}) as stream:
        again = [await stream.message() for _ in range(3)]
    verdicts = {event["message_id"]: bool(event["deliveries"]) for event in again}
    assert verdicts == {"waiting": True, "m1": False, "missed": False}


async def test_a_silent_stream_says_that_it_is_still_there(house, follow):
    async with follow() as stream:
        assert await stream.comment()


async def test_a_stream_ends_when_the_role_does(house, follow):
    async with follow() as stream:
        house.stop.set()
        async with asyncio.timeout(60):
            async for _ in stream.lines():
                pass


async def test_a_revoked_token_ends_the_streams_that_it_opened(house, follow):
    async with follow() as stream:
        house.happens("seen")
        assert (await stream.message())["message_id"] == "seen"
        viewer = next(token for token in house.control.tokens() if token.name == "viewer")
        house.control.revoke_token(viewer.id)
        async with asyncio.timeout(60):
            async for _ in stream.lines():
                pass


async def test_a_token_that_expires_ends_the_streams_that_it_opened(house, follow):
    expires_ms = house.clock.now_ms() + 1_000
    house.tokens["viewer"] = house.control.create_token("short", "viewer", expires_ms=expires_ms)[1]
    async with follow() as stream, asyncio.timeout(60):
        async for _ in stream.lines():
            pass
    assert house.clock.now_ms() >= expires_ms


async def test_a_follower_remembers_only_so_many_that_wait(house, follow):
    installation = house.installed()
    async with follow() as stream:
        places = [house.happens(f"m{number}") for number in range(6)]
        for _ in places:
            await stream.message()
        house.delivers(installation, *places)
        again = {(await stream.message())["message_id"] for _ in range(3)}
    assert again == {"m3", "m4", "m5"}


async def test_a_follower_that_leaves_is_forgotten(house, follow):
    before = threading.active_count()
    for _ in range(5):
        async with follow():
            house.happens("m")
    async with follow() as stream:
        house.happens("last")
        assert (await stream.message())["message_id"] == "last"
    assert threading.active_count() < before + 60


async def test_a_bad_place_to_go_on_from_is_told(house, served):
    headers = {"Authorization": f"Bearer {house.tokens['viewer']}", "Last-Event-ID": "nonsense"}
    async with served.get("/v1/admin/live-events?follow=true", headers=headers) as reply:
        assert reply.status == 422
        error = (await reply.json())["error"]
        assert error["details"]["field"] == "Last-Event-ID"
        assert "send the `id` of a message of this stream" in error["message"]
