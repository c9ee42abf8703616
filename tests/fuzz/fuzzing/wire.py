"""Requests as bytes, so that anything at all can be sent, and answers as they come back."""

import gzip
import hashlib
import hmac
import json
import socket
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from datafly.ingest.codes import Code

CORPUS = Path(__file__).parents[3] / "contract" / "gateway"
PATIENCE_SECONDS = 60.0
"""Nobody waits that long but for a gateway that hangs."""
FIGURES = b"GET /figures HTTP/1.1\r\nhost: x\r\n\r\n"


@dataclass(frozen=True)
class Ask:
    """A request before it is bytes. `signed` is a secret's text; the signature is of the body as it goes out."""

    method: bytes = b"POST"
    path: bytes = b"/v1/t"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    signed: str | None = None
    at_ms: int = 0

    def encode(self) -> bytes:
        lines = [b"host: x", b"content-length: %d" % len(self.body)]
        if self.signed is not None:
            stamp = b"%d" % (time.time_ns() // 1_000_000 + self.at_ms)
            right = hmac.new(self.signed.encode(), stamp + b"." + self.body, hashlib.sha256).hexdigest()
            lines += [b"x-timestamp: " + stamp, b"x-signature: sha256=" + right.encode()]
        lines += [name + b": " + value for name, value in self.headers]
        return b"\r\n".join([self.method + b" " + self.path + b" HTTP/1.1", *lines, b"", self.body])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def part(one) -> bytes:
    if isinstance(one, str):
        return one.encode()
    text = bytes.fromhex(one["bytes"]) if "bytes" in one else one["repeat"].encode()
    return text * one.get("times", 1)


def ask_of(case) -> Ask:
    body = b"".join(map(part, case.get("body", [])))
    headers = [(name.encode(), value.encode()) for name, value in case.get("headers", {}).items()]
    if key := case.get("key", "dk_test_1"):
        headers.append((b"authorization", b"Bearer " + key.encode()))
    if case.get("gzip"):
        body = gzip.compress(body, mtime=0)[: -case.get("cut", 0) or None]
        headers.append((b"content-encoding", b"gzip"))
    headers += [(b"x-%d" % number, b"1") for number in range(case.get("many_headers", 0))]
    signed = case.get("signed")
    ask = Ask(case.get("method", "POST").encode(), case["path"].encode(), tuple(headers), body)
    if signed is None:
        return ask
    return replace(ask, signed=signed.get("secret", "dsk_whisper"), at_ms=signed.get("at_ms", 0))


def cases(name: str):
    return json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))


def exchange(port: int, request: bytes, *, hang_up: bool = False) -> Answer | None:
    """The answer to the first request that is in these bytes. None: the gateway hung up without one. `hang_up`: nothing
    more is to come, which spares the gateway its waiting, and may cost the answer.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(request)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            return read(connection)
        except TimeoutError:
            raise
        except OSError:  # the gateway hung up first
            return None


def read(connection: socket.socket) -> Answer | None:
    told = b""
    while b"\r\n\r\n" not in told:
        if not (chunk := connection.recv(65536)):
            return None
        told += chunk
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    size = int(headers.get("content-length", "0"))
    while len(body) < size and (chunk := connection.recv(65536)):
        body += chunk
    return Answer(int(first.split(" ")[1]), headers, body[:size])


def judge(answer: Answer | None, *, head: bool = False) -> None:
    """No 5xx, and every refusal in the one shape, by a code of its own status. `head`: its body may be missing."""
    if answer is None or (head and not answer.body):
        return
    assert answer.status < 500, answer
    kind = answer.headers.get("content-type", "")
    if kind == "image/gif":
        assert answer.status == 200
        assert answer.headers.get("x-error", "not_found").upper() in Code.__members__
    elif answer.status >= 400:
        assert kind == "application/json"
        told = json.loads(answer.body)
        error = told["error"]
        assert set(error) == {"code", "message", "details"}
        assert Code[error["code"]].status == answer.status
        assert error["message"]
        assert set(told) in ({"error"}, {"error", "success", "code", "message"})
    elif kind == "application/json" and answer.body:
        told = json.loads(answer.body)
        for error in told.get("errors", ()):
            assert Code[error["code"]].value.final
