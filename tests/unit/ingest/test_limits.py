import gzip
import json
import select
import socket

import pytest

EVENT = json.dumps({"event": "E", "userId": "u"}).encode()
GZIP = {"content-encoding": "gzip"}


def exchange(gate, request: bytes) -> bytes:
    """Sends exactly these bytes and reads until the gateway hangs up."""
    with socket.create_connection(("127.0.0.1", gate.port)) as raw:
        raw.sendall(request)
        answer = b""
        while chunk := raw.recv(65536):
            answer += chunk
    return answer


# --- gzip -------------------------------------------------------------------------------------------------------------


def test_gzip_bodies_are_read(gate):
    assert gate.post("/v1/t", content=gzip.compress(EVENT, mtime=0), headers=GZIP).status_code == 200
    assert bytes(gate.only.body) == EVENT


def test_gzip_of_several_members_is_read(gate):
    halves = gzip.compress(EVENT[:5], mtime=0) + gzip.compress(EVENT[5:], mtime=0)

    assert gate.post("/v1/t", content=halves, headers=GZIP).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (gzip.compress(EVENT, mtime=0)[:-4], "TRUNCATED_GZIP"),
        (EVENT, "INVALID_GZIP"),
        (b"\x1f\x8b\x08", "TRUNCATED_GZIP"),
        (gzip.compress(EVENT, mtime=0) + b"x", "TRUNCATED_GZIP"),
    ],
)
def test_broken_gzip_is_400(gate, body, code):
    refused = gate.post("/v1/t", content=body, headers=GZIP)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("path", ["/v1/t", "/v1/batch"])
def test_a_gzip_bomb_is_refused_at_the_limit(gate, path):
    bomb = gzip.compress(b" " * 50_000_000, mtime=0)

    assert gate.post(path, content=bomb, headers=GZIP).status_code == 413


def test_gzip_of_members_without_number_is_refused(gate):
    """Each member costs time: a quarter of a million empty ones, 5 MB, once held the gateway for 13 seconds."""
    empty, whole = gzip.compress(b"", mtime=0), gzip.compress(EVENT, mtime=0)
    refused = gate.post("/v1/batch", content=empty * 200_000, headers=GZIP)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "INVALID_GZIP")
    assert gate.post("/v1/t", content=empty * 100 + whole, headers=GZIP).status_code == 400
    assert gate.post("/v1/t", content=empty * 99 + whole, headers=GZIP).status_code == 200


def test_another_content_encoding_is_415(gate):
    refused = gate.post("/v1/t", content=EVENT, headers={"content-encoding": "br"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (415, "UNSUPPORTED_ENCODING")
    assert gate.post("/v1/t", content=EVENT, headers={"content-encoding": "identity"}).status_code == 200


# --- slow, long, many -------------------------------------------------------------------------------------------------


def test_a_body_that_does_not_arrive_in_time_is_408_and_the_connection_ends(open_gate):
    gate = open_gate(body_timeout_seconds=0.05)

    answer = exchange(gate, b"POST /v1/t?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"REQUEST_TIMEOUT" in answer
    assert gate.entries == []


def test_a_caller_that_goes_away_leaves_nothing_behind(gate):
    with socket.create_connection(("127.0.0.1", gate.port)) as raw:
        raw.sendall(b"POST /v1/t?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")

    assert gate.post("/v1/t", {"event": "E"}).status_code == 200
    assert len(gate.entries) == 1


def test_a_body_of_unknown_length_is_held_to_the_limit_too(gate):
    chunk = b"20000\r\n" + b" " * 0x20000 + b"\r\n"
    request = b"POST /v1/t?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"

    assert b"413" in exchange(gate, request + chunk * 5 + b"0\r\n\r\n")[:20]


def test_long_bodies_that_never_end_do_not_fill_the_memory_nor_shut_out_others(open_gate):
    gate = open_gate(max_arriving_bytes=600_000)
    long = b"POST /v1/batch?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n" + b" " * 500_000
    callers = [socket.create_connection(("127.0.0.1", gate.port)) for _ in range(2)]
    for caller in callers:
        caller.sendall(long)
    told, _, _ = select.select(callers, [], [])

    assert told[0].recv(65536).startswith(b"HTTP/1.1 503")
    assert gate.post("/v1/t", {"event": "E", "properties": {"text": "x" * 60_000}}).status_code == 200
    for caller in callers:
        caller.close()
    while gate.post("/v1/batch", content=b'{"batch": []}' + b" " * 500_000).status_code != 200:
        continue


def test_beginnings_of_bodies_that_never_end_do_not_fill_the_memory_and_what_comes_in_one_piece_is_taken(open_gate):
    gate = open_gate(max_beginning_bytes=100_000)
    begun = b"POST /v1/batch?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n" + b" " * 60_000
    callers = [socket.create_connection(("127.0.0.1", gate.port)) for _ in range(2)]
    for caller in callers:
        caller.sendall(begun)
    told, _, _ = select.select(callers, [], [])

    answer = told[0].recv(65536)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in answer
    assert gate.post("/v1/t", {"event": "E"}).status_code == 200
    for caller in callers:
        caller.close()
    while gate.post("/v1/batch", content=b'{"batch": []}' + b" " * 80_000).status_code != 200:
        continue


def test_a_chunked_body_is_read(gate):
    def parts():
        yield EVENT[:4]
        yield EVENT[4:]

    assert gate.post("/v1/t", content=parts()).status_code == 200
    assert bytes(gate.only.body) == EVENT


def test_too_many_headers_are_431(gate):
    many = [("x-a", "1")] * 120

    assert gate.http.get("/healthz", headers=many).status_code == 431
    assert gate.http.get("/healthz", headers=many[:50]).status_code == 200


# --- rate_limit_rps ---------------------------------------------------------------------------------------------------


@pytest.fixture
def paced(open_gate):
    return open_gate()


def test_a_pipeline_without_a_limit_takes_all(paced):
    assert {paced.post("/v1/t", {"event": "E"}).status_code for _ in range(50)} == {200}


async def test_a_pipeline_over_its_rate_is_asked_to_wait_and_then_served(paced):
    paced.pipeline(rate_limit_rps=3)
    statuses = [paced.post("/v1/t", {"event": "E"}).status_code for _ in range(4)]
    refused = paced.post("/v1/batch", {"batch": []})

    assert statuses == [200, 200, 200, 429]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["error"]["code"] == "RATE_LIMITED"
    await paced.clock.advance(1 / 3)
    assert paced.post("/v1/t", {"event": "E"}).status_code == 200
    assert paced.post("/v1/t", {"event": "E"}).status_code == 429


async def test_an_idle_pipeline_saves_up_no_more_than_one_second(paced):
    paced.pipeline(rate_limit_rps=2)
    paced.post("/v1/t", {"event": "E"})
    await paced.clock.advance(3600)

    assert [paced.post("/v1/t", {"event": "E"}).status_code for _ in range(3)] == [200, 200, 429]


def test_a_changed_rate_holds_at_once(paced):
    paced.pipeline(rate_limit_rps=1)
    paced.post("/v1/t", {"event": "E"})
    assert paced.post("/v1/t", {"event": "E"}).status_code == 429

    paced.pipeline(rate_limit_rps=0)

    assert paced.post("/v1/t", {"event": "E"}).status_code == 200
