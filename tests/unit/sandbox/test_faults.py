"""Faults on demand: row 19 of the contract's behaviour table, queued or asked for by header."""

import contextlib
import socket
import threading

import httpx
import pytest
import uvicorn

from datafly.sandbox.faults import Fault, parse_fault
from datafly.sandbox.wire import drop_connection


@pytest.mark.parametrize("status", [500, 503, 504, 520, 429])
async def test_a_queued_fault_answers_in_the_requests_stead_as_often_as_asked(insider, person, status):
    await insider.control("/faults", "POST", {"status": status, "count": 2, "retry_after": 3})
    replies = [await insider.upsert(person()) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [status, status, 200]
    assert replies[0].headers["retry-after"] == "3"
    assert [verdict["duplicate_events"] for verdict in await insider.verdicts()] == [0]


async def test_faults_answer_with_the_documented_bodies(insider, person):
    bodies = {}
    for status in (401, 403, 429, 500, 503, 520):
        bodies[status] = await insider.post("/api/user/v1/upsert", {"users": [person()]}, **_fault(str(status)))
    assert bodies[429].json() == {"error": "rejected: too many requests"}
    assert bodies[500].json()["message"] == "The request processing has failed because of an unknown error."
    assert bodies[403].json()["message"].startswith("Access Denied.")
    assert bodies[401].json()["message"] == "Partner token authentication failed."
    assert bodies[503].content == b""
    assert bodies[520].headers["content-type"].startswith("text/html")
    assert await insider.control("/users") == []


async def test_a_fault_may_answer_after_the_request_took_effect(insider, person):
    reply = await insider.post("/api/user/v1/upsert", {"users": [person()]}, **_fault("504; applied=true"))
    assert reply.status_code == 504
    assert len(await insider.control("/users")) == 1


async def test_a_slow_answer_is_the_right_one(insider, person):
    reply = await insider.post("/api/user/v1/upsert", {"users": [person()]}, **_fault("delay_ms=1"))
    assert reply.json()["data"]["successful"] == {"count": 1}


async def test_a_fault_lasts_until_it_is_cleared_if_so_asked(insider, person):
    await insider.control("/faults", "POST", {"status": 503, "count": None})
    assert [(await insider.upsert(person())).status_code for _ in range(3)] == [503, 503, 503]
    assert await insider.control("/faults") == [{"status": 503, "count": None}]
    await insider.control("/faults", "DELETE")
    assert (await insider.upsert(person())).status_code == 200


async def test_a_fault_may_answer_with_a_body_that_is_no_json(insider, person):
    await insider.control("/faults", "POST", {"status": 200, "body": '{"data":{"succ'})
    assert (await insider.upsert(person())).content == b'{"data":{"succ'


async def test_the_record_of_a_request_tells_of_its_fault(insider, person):
    await insider.post("/api/user/v1/upsert", {"users": [person()]}, **_fault("503"))
    assert (await insider.control("/requests"))[0]["note"] == "fault on demand: status 503"


@pytest.mark.parametrize("header", ["malformed", "spoil=malformed", "malformed; status=500"])
async def test_a_malformed_answer_is_no_json_though_its_length_is_right(insider, person, header):
    reply = await insider.post("/api/user/v1/upsert", {"users": [person()]}, **_fault(header))
    assert reply.headers["content-type"] == "application/json"
    assert int(reply.headers["content-length"]) == len(reply.content)
    with pytest.raises(ValueError):
        reply.json()


async def test_a_malformed_answer_comes_after_the_request_took_effect(insider, person):
    await insider.post("/api/user/v1/upsert", {"users": [person()]}, **_fault("malformed"))
    assert len(await insider.control("/users")) == 1


async def test_a_truncated_answer_ends_before_its_promised_length(started, called, person):
    sandbox = started()
    insider = called(sandbox)
    with _served(sandbox) as address:
        async with httpx.AsyncClient(base_url=address) as client:
            headers = {**insider.headers, **_fault("truncated")}
            with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
                await client.post("/insider/api/user/v1/upsert", json={"users": [person()]}, headers=headers)
            assert len((await client.get("/insider/_control/users")).json()) == 1


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("truncated", Fault(spoil="truncated")),
        ("503", Fault(status=503)),
        ("status=429; retry_after=2", Fault(status=429, retry_after=2)),
        ("drop=after;delay_ms=50", Fault(drop="after", delay_ms=50)),
    ],
)
def test_a_header_names_a_fault(header, fault):
    assert parse_fault(header) == fault


@pytest.mark.parametrize(
    "header",
    [
        "soon",
        "status=99",
        "drop=never",
        "colour=red",
        "spoil=some",
        "drop=before; malformed",
        "drop=after; status=503",
        "delay_ms=-1",
        "status=429; retry_after=-1",
    ],
)
async def test_a_header_that_cannot_be_read_is_refused_and_nothing_is_applied(insider, person, header):
    reply = await insider.post("/api/user/v1/upsert", {"users": [person()]}, **_fault(header))
    assert reply.status_code == 400
    assert await insider.control("/users") == []


@pytest.mark.parametrize(("drop", "users"), [("before", 0), ("after", 1)])
async def test_a_dropped_connection_gets_no_answer_before_or_after_it_took_effect(
    started, called, person, *, drop, users
):
    sandbox = started()
    insider = called(sandbox)
    body = {"users": [person()]}
    with _served(sandbox) as address:
        async with httpx.AsyncClient(base_url=address) as client:
            headers = {**insider.headers, **_fault(f"drop={drop}")}
            with pytest.raises(httpx.TransportError):
                await client.post("/insider/api/user/v1/upsert", json=body, headers=headers)
            found = (await client.get("/insider/_control/users")).json()
    assert len(found) == users


async def test_on_a_server_without_a_transport_to_cut_a_promised_body_never_comes():
    sent = []

    async def send(message):
        sent.append(message)

    await drop_connection(send, receive=None)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert (b"content-length", b"1") in sent[0]["headers"]


def _fault(header: str) -> dict[str, str]:
    return {"X-Sandbox-Fault": header}


@contextlib.contextmanager
def _served(application):
    """A real server on a port of its own, in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
