import contextlib
import json
import socket

import pytest

HEAD = b"POST /v1/t?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\n"
EVENT = b'{"event": "E", "userId": "u"}'
LENGTH = b"content-length: %d\r\n" % len(EVENT)
CLOSE = b"connection: close\r\n"


def exchange(gate, *pieces: bytes) -> bytes:
    """Sends exactly these bytes and reads until the gateway hangs up."""
    with socket.create_connection(("127.0.0.1", gate.port)) as raw:
        for piece in pieces:
            raw.sendall(piece)
        answer = b""
        while chunk := raw.recv(65536):
            answer += chunk
    return answer


def code(answer: bytes) -> str:
    return json.loads(answer.rpartition(b"\r\n\r\n")[2])["error"]["code"]


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"P", HEAD, HEAD + b"x-a: "])
def test_headers_that_do_not_arrive_in_time_end_the_connection(open_gate, said):
    assert exchange(open_gate(body_timeout_seconds=0.05), said) == b""


def _ask(caller):
    """The answer to a question, whole: where it comes in pieces, or where the connection ends with it."""
    caller.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}") and (more := caller.recv(65536)):
        answer += more
    return answer


def test_who_comes_when_too_many_connections_are_open_is_asked_to_come_again_and_then_taken(open_gate):
    gate = open_gate(most=3)
    with contextlib.ExitStack() as callers:
        first, *_ = [callers.enter_context(_connected(gate)) for _ in range(2)]
        with _connected(gate) as third:
            for caller in (first, third):
                assert _ask(caller).startswith(b"HTTP/1.1 200")
            with _connected(gate) as beyond:
                refused = _ask(beyond)
                assert beyond.recv(65536) == b""
            assert refused.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 1" in refused
            assert b'"code":"UNAVAILABLE"' in refused
            with _connected(gate) as silent:
                assert silent.recv(65536) == b"", "it is closed soon, and not after 75 seconds"
            assert _ask(first).startswith(b"HTTP/1.1 200")
        answer = b""
        while not answer.startswith(b"HTTP/1.1 200"):
            with _connected(gate) as after:
                answer = _ask(after)


def _connected(gate):
    return socket.create_connection(("127.0.0.1", gate.port))


def test_headers_that_drip_end_the_connection_too(open_gate):
    gate = open_gate(body_timeout_seconds=0.2)
    with socket.create_connection(("127.0.0.1", gate.port), timeout=0.01) as raw:
        raw.sendall(HEAD + b"x-a: ")
        with pytest.raises(ConnectionError):  # noqa: PT012  one byte more each time the gateway says nothing
            while True:
                raw.sendall(b"a")
                try:
                    if raw.recv(1) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    continue


def test_after_an_answer_the_next_request_must_arrive_in_time_as_well(open_gate):
    gate = open_gate(body_timeout_seconds=0.05)

    answer = exchange(gate, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nG")

    assert answer.startswith(b"HTTP/1.1 200")


def test_a_body_that_goes_on_after_the_answer_must_end_in_time(open_gate):
    gate = open_gate(body_timeout_seconds=0.05)

    answer = exchange(gate, b"POST /v1/t?wk=dk_other HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n", b"{")

    assert answer.startswith(b"HTTP/1.1 401")


ASKED = HEAD + LENGTH + b"\r\n" + EVENT


@pytest.mark.parametrize("count", [1, 3])
def test_who_says_that_nothing_more_comes_still_gets_what_was_asked_for(gate, count):
    with _connected(gate) as raw:
        raw.sendall(ASKED * count)
        raw.shutdown(socket.SHUT_WR)
        answer = _rest(raw)

    assert answer.count(b"HTTP/1.1 200") == answer.count(b'{"success": true}') == len(gate.entries) == count


@pytest.mark.parametrize("said", [b"", HEAD, ASKED[:-1]])
def test_who_says_that_nothing_more_comes_in_the_middle_of_a_request_is_hung_up_on(gate, said):
    with _connected(gate) as raw:
        raw.sendall(said)
        raw.shutdown(socket.SHUT_WR)
        assert _rest(raw) == b""

    assert gate.entries == []


def test_who_has_its_answer_and_then_says_that_nothing_more_comes_is_hung_up_on(gate):
    with _connected(gate) as raw:
        assert _ask(raw).startswith(b"HTTP/1.1 200")
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(65536) == b""


def _rest(raw):
    answer = b""
    while chunk := raw.recv(65536):
        answer += chunk
    return answer


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [b"x-a: " + b"a" * 40_000, b"x-a: a\r\n" * 5_000])
def test_headers_without_end_are_431_before_they_fill_the_memory(gate, more):
    answer = exchange(gate, HEAD, more, more[:40_000])

    assert answer.startswith(b"HTTP/1.1 431")
    assert code(answer) == "HEADERS_TOO_LARGE"


def test_a_body_is_not_held_to_the_limit_of_headers(gate):
    body = json.dumps({"batch": [], "filling": "x" * 200_000}).encode()
    batch = b"POST /v1/batch?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n" % len(body)

    answer = exchange(gate, batch, CLOSE, b"\r\n", body[:70_000], body[70_000:])

    assert answer.startswith(b"HTTP/1.1 200")


# --- what is no request -----------------------------------------------------------------------------------------------

SMUGGLED = [
    b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"content-length: 4\r\ncontent-length: 5\r\n\r\n{}{}",
    b"transfer-encoding: xchunked\r\n\r\n{}",
    b"transfer-encoding: chunked, identity\r\n\r\n{}",
    b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    b"content-length: +2\r\n\r\n{}",
    b"x-a: b\r\n c\r\ncontent-length: 2\r\n\r\n{}",
    b"transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n{}",
]


@pytest.mark.parametrize("rest", SMUGGLED)
def test_a_request_that_two_servers_could_read_differently_is_refused(gate, rest):
    answer = exchange(gate, HEAD + rest)

    assert (answer[:12], code(answer)) == (b"HTTP/1.1 400", "NOT_HTTP")
    assert gate.entries == []


def test_an_event_that_was_taken_is_answered_though_garbage_follows_it(gate):
    answer = exchange(gate, HEAD + LENGTH + b"\r\n" + EVENT + b"\x16\x03\x01\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1 ") == len(gate.entries) == 1


# --- offers of other protocols ----------------------------------------------------------------------------------------

OFFERS = [
    b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQBAAAAAAIAAAAA\r\n",
    b"connection: Upgrade\r\nupgrade: websocket\r\n",
]


@pytest.mark.parametrize("offer", OFFERS)
def test_an_event_is_taken_though_its_sender_offers_another_protocol(gate, offer):
    last = HEAD + CLOSE + LENGTH + b"\r\n" + EVENT

    answer = exchange(gate, HEAD + offer + LENGTH + b"\r\n" + EVENT[:5], EVENT[5:], last)

    assert answer.count(b"HTTP/1.1 200") == 2
    assert [bytes(received.body) for received in gate.received] == [EVENT, EVENT]


def test_an_event_in_chunks_is_taken_though_its_sender_offers_another_protocol(gate):
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENT), EVENT)
    last = b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + CLOSE + b"\r\n"

    answer = exchange(gate, HEAD + OFFERS[0] + b"transfer-encoding: chunked\r\n\r\n" + chunks, last)

    assert answer.count(b"HTTP/1.1 200") == 2
    assert bytes(gate.only.body) == EVENT


def test_the_gateway_is_no_proxy(gate):
    answer = exchange(gate, b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n")

    assert (answer[:12], code(answer)) == (b"HTTP/1.1 405", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t", "/nowhere"])
def test_who_sends_too_much_and_asks_to_be_hung_up_on_still_reads_why(gate, path):
    head = b"POST %b?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gate.port)) as caller:
        caller.sendall(head % path.encode() + b" " * 20_000_000)
        answer = b"".join(iter(lambda: caller.recv(65536), b""))

    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] in {
        "BATCH_TOO_LARGE",
        "PAYLOAD_TOO_LARGE",
        "NOT_FOUND",
    }


def test_who_asks_to_be_hung_up_on_and_never_ends_is_hung_up_on_all_the_same(open_gate):
    gate = open_gate(body_timeout_seconds=0.05)
    head = b"POST /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gate.port)) as caller:
        caller.sendall(head)
        assert b"NOT_FOUND" in b"".join(iter(lambda: caller.recv(65536), b""))
        with pytest.raises(OSError, match=r"reset|[Bb]roken"):
            send_without_end(caller)


def send_without_end(caller):
    while True:
        caller.sendall(b" ")
