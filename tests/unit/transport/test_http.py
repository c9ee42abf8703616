import asyncio
import gzip
import socket
import ssl
import sys
import zlib
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.abc import AbstractResolver
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from datafly.model.delivery import Outgoing
from datafly.model.secret import Secret
from datafly.transport.base import NOT_ALLOWED, was_refused
from datafly.transport.body import unpack
from datafly.transport.http import HttpTransport
from datafly.transport.lookup import addresses_of


@asynccontextmanager
async def vendor(answer, **settings):
    """A server that reads one request per connection and does what `answer(head, body, writer)` says."""
    tasks = set()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            await answer(head, await reader.readexactly(size), writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **settings)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def self_signed(folder):
    """A server's side of TLS, with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vendor.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    certificate = made.sign(key, SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "vendor.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "vendor.pem")
    return context


@asynccontextmanager
async def transport(**settings):
    made = HttpTransport(**settings)
    try:
        yield made
    finally:
        await made.close()


def request(port, *, host="127.0.0.1", scheme="http", method="POST", body=b"{}", headers=None, timeout=5.0):
    url = f"{scheme}://{host}:{port}/upsert"
    headers = {"Content-Type": "application/json", **(headers or {})}
    return Outgoing(method=method, url=url, headers=headers, body=body, timeout_seconds=timeout)


def says(status_line, body=b"", headers=b""):
    async def answer(_head, _body, writer):
        length = b"Content-Length: %d\r\n" % len(body)
        writer.write(b"HTTP/1.1 " + status_line + b"\r\n" + length + headers + b"Connection: close\r\n\r\n" + body)
        await writer.drain()

    return answer


async def test_a_request_leaves_as_it_was_made_and_the_answer_comes_back_whole():
    seen = []

    async def answer(head, body, writer):
        seen.append((head, body))
        await says(b"200 OK", b'{"ok":true}', b"X-Trace: a\r\nX-Trace: b\r\n")(head, body, writer)

    async with vendor(answer) as port, transport(allow_private=True) as sender:
        reply = await sender.send(request(port, body=b'{"users":[]}', headers={"X-KEY": Secret("s3cret")}))

    head, body = seen[0]
    assert head.startswith(b"POST /upsert HTTP/1.1\r\n")
    assert b"X-KEY: s3cret" in head
    assert body == b'{"users":[]}'
    assert (reply.status, reply.body, reply.headers["x-trace"]) == (200, b'{"ok":true}', "a, b")
    assert reply.latency_ms > 0
    assert not reply.unknown_outcome


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not know how to")
async def test_what_the_other_side_does_not_confirm_is_not_sent_later():
    """As where the network is cut: when it is whole again, what was left of the request does not come."""
    body, arrived = b"x" * 8_000_000, 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        async with transport(allow_private=True, unconfirmed_seconds=0.2) as sender:
            sent = request(server.getsockname()[1], body=body, timeout=600.0)
            reply = await sender.send(sent)  # nobody reads
            connection, _ = server.accept()
            with connection, suppress(ConnectionResetError):
                while more := connection.recv(1_000_000):
                    arrived += len(more)
    assert (reply.status, reply.unknown_outcome) == (None, True)
    assert 0 < arrived < len(body)


async def test_a_body_of_many_megabytes_arrives():
    sizes = []

    async def answer(head, body, writer):
        sizes.append(len(body))
        await says(b"200 OK")(head, body, writer)

    async with vendor(answer) as port, transport(allow_private=True) as sender:
        assert (await sender.send(request(port, body=b"x" * 4_500_000))).status == 200
    assert sizes == [4_500_000]


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "169.254.169.254"),
        *("0x7f000001", "0x7f.1", "0177.0.0.0x1"),  # as the system's resolver reads them
    ],
)
async def test_a_private_address_is_refused_before_anything_is_sent(host):
    async def answer(*_):
        pytest.fail("it was sent")

    async with vendor(answer) as port, transport() as sender:
        reply = await sender.send(request(port, host=host, scheme="https"))
    assert was_refused(reply)
    assert "private" in reply.error
    assert not reply.unknown_outcome


class Names(AbstractResolver):
    """Answers by turns, as a name server does that wants to be trusted first."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "."): list(turns) for name, turns in answers.items()}

    async def resolve(self, host, port=0, family=socket.AF_INET):
        turns = self.answers[host]
        turn = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            {"hostname": host, "host": one, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for one in turn.split()
        ]

    async def close(self):
        pass


@pytest.mark.parametrize("named", [("other.example",), ()])
@pytest.mark.parametrize("turns", [["127.0.0.1"], ["169.254.169.254 127.0.0.1"], ["127.0.0.1", "127.0.0.2"]])
async def test_a_name_that_leads_here_is_refused_whatever_it_led_to_before(turns, named):
    async def answer(*_):
        pytest.fail("it was sent")

    async with vendor(answer) as port, transport(resolver=Names(vendor_example=turns), private_hosts=named) as sender:
        replies = [await sender.send(request(port, host="vendor.example", scheme="https")) for _ in range(2)]
    assert all(was_refused(reply) and "private" in reply.error for reply in replies)


async def test_a_named_host_is_reached_by_plain_http_and_lends_its_connection_to_no_other_name():
    heads = []

    async def answer(head, body, writer):
        heads.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    names = Names(hooks_internal=["127.0.0.1"], vendor_example=["127.0.0.1"])
    async with vendor(answer) as port, transport(resolver=names, private_hosts=["hooks.internal"]) as sender:
        assert (await sender.send(request(port, host="hooks.internal"))).status == 200
        for host in ("vendor.example", "127.0.0.1"):
            assert was_refused(await sender.send(request(port, host=host)))
            assert was_refused(await sender.send(request(port, host=host, scheme="https")))
    assert all(b"hooks.internal" in head for head in heads)


async def test_a_named_host_that_leads_to_the_credentials_of_the_machine_is_refused():
    names = Names(hooks_internal=["169.254.169.254"])
    async with transport(resolver=names, private_hosts=["hooks.internal"]) as sender:
        reply = await sender.send(request(80, host="hooks.internal"))
    assert was_refused(reply)


async def test_a_redirect_to_the_inside_stays_an_answer():
    answer = says(b"307 Temporary Redirect", b"", b"Location: http://169.254.169.254/latest/meta-data/\r\n")
    async with vendor(answer) as port, transport(private_hosts=["127.0.0.1"]) as sender:
        assert (await sender.send(request(port))).status == 307


async def test_plain_http_is_refused_unless_private_endpoints_are_allowed():
    async with transport() as sender:
        reply = await sender.send(request(80, host="example.com"))
    assert was_refused(reply)
    assert "http" in reply.error


@pytest.mark.parametrize(
    "url", ["ftp://vendor.example/x", "not a url", "https://", "https://2130706433/", "https://127.1/", "https://[/"]
)
async def test_an_address_that_cannot_be_called_is_refused_for_good(url):
    async with transport(allow_private=True) as sender:
        assert was_refused(await sender.send(Outgoing("POST", url, {}, b"")))


async def test_a_header_with_a_line_break_is_refused_and_its_secret_not_told():
    async with transport(allow_private=True) as sender:
        reply = await sender.send(request(1, headers={"X-KEY": Secret("abc\r\nX-Evil: 1")}))
    assert was_refused(reply)
    assert "abc" not in reply.error


async def test_a_certificate_that_cannot_be_trusted_is_told_and_tried_again_not_taken_for_a_wrong_address(tmp_path):
    async def answer(*_):
        pytest.fail("it was sent")

    async with vendor(answer, ssl=self_signed(tmp_path)) as port, transport(allow_private=True) as sender:
        reply = await sender.send(request(port, scheme="https"))
    assert not was_refused(reply)
    assert "certificate verify failed" in reply.error
    assert (reply.status, reply.unknown_outcome) == (None, False)


async def test_a_redirect_is_an_answer_and_is_not_followed():
    answer = says(b"302 Found", b"", b"Location: http://127.0.0.1:1/elsewhere\r\n")
    async with vendor(answer) as port, transport(allow_private=True) as sender:
        reply = await sender.send(request(port))
    assert (reply.status, reply.headers["location"]) == (302, "http://127.0.0.1:1/elsewhere")


async def test_cookies_of_a_vendor_are_not_sent_back():
    heads = []

    async def answer(head, body, writer):
        heads.append(head)
        await says(b"200 OK", b"", b"Set-Cookie: a=b\r\n")(head, body, writer)

    async with vendor(answer) as port, transport(allow_private=True) as sender:
        await sender.send(request(port))
        await sender.send(request(port))
    assert b"Cookie" not in heads[1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
async def test_a_connection_lost_after_sending_leaves_the_outcome_open_and_is_not_repeated(method):
    requests = []

    async def answer(head, _body, writer):
        requests.append(head)
        writer.transport.abort()

    async with vendor(answer) as port, transport(allow_private=True) as sender:
        reply = await sender.send(request(port, method=method))
    assert (reply.status, reply.unknown_outcome, len(requests)) == (None, True, 1)
    assert reply.error


async def test_an_answer_that_breaks_off_leaves_the_outcome_open():
    async def answer(_head, _body, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()

    async with vendor(answer) as port, transport(allow_private=True) as sender:
        reply = await sender.send(request(port))
    assert (reply.status, reply.unknown_outcome) == (None, True)


async def test_no_answer_in_time_leaves_the_outcome_open():
    async def answer(*_):
        await asyncio.Event().wait()

    async with vendor(answer) as port, transport(allow_private=True) as sender:
        reply = await sender.send(request(port, timeout=0.05))
    assert (reply.status, reply.error, reply.unknown_outcome) == (None, "no answer in time", True)


async def test_a_vendor_that_is_not_there_took_nothing():
    async with vendor(says(b"200 OK")) as port:
        pass
    async with transport(allow_private=True) as sender:
        reply = await sender.send(request(port))
    assert reply.status is None
    assert not reply.unknown_outcome
    assert not was_refused(reply)


async def test_an_endless_answer_is_cut():
    async def answer(_head, _body, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with vendor(answer) as port, transport(allow_private=True, answer_bytes=5_000) as sender:
        reply = await sender.send(request(port))
    assert (reply.status, reply.body) == (200, b"x" * 5_000)


async def test_a_decompression_bomb_is_read_up_to_the_limit():
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    answer = says(b"200 OK", bomb, b"Content-Encoding: gzip\r\n")
    async with vendor(answer) as port, transport(allow_private=True) as sender:
        assert len((await sender.send(request(port))).body) == 1_000_000


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")[2:-4]),
        ("", b"hello"),
    ],
)
def test_a_compressed_answer_is_read_though_not_asked_for(encoding, packed):
    assert unpack(packed, encoding, 1_000) == b"hello"


def test_a_body_that_only_claims_to_be_compressed_is_kept_as_it_is():
    assert unpack(b"<html>", "gzip", 1_000) == b"<html>"


@pytest.mark.parametrize(
    "url",
    ["http://vendor.example/x", "https://10.0.0.1/x", "https://[::1]/x", "https://localhost/x", "ftp://a.example/x"],
)
async def test_what_is_refused_for_sure_is_told_beforehand_in_the_words_of_the_refusal(url):
    async with transport() as made:
        reply = await made.send(Outgoing(method="POST", url=url, headers={}, body=b"{}", timeout_seconds=5.0))
        assert made.objection(url) == reply.error != ""
        assert made.objection("https://vendor.example/x") == ""


@pytest.mark.parametrize(
    ("found", "opened", "allowed"),
    [
        (["10.0.0.7"], {}, False),
        (["10.0.0.7", "::1"], {}, False),
        (["10.0.0.7", "93.184.215.14"], {}, True),
        ([], {}, True),
        (["10.0.0.7"], {"private_hosts": ["inside.example"]}, True),
        (["169.254.169.254"], {"private_hosts": ["inside.example"]}, False),
        (["10.0.0.7"], {"allow_private": True}, True),
    ],
)
def test_where_a_name_leads_now_is_told_beforehand(found, opened, allowed):
    asked = []
    made = HttpTransport(look_up=lambda host: asked.append(host) or found, **opened)
    told = made.foreseen("https://inside.example/x")
    assert (told == "") is allowed
    assert (
        allowed
        or told == f"{NOT_ALLOWED}the address is private, loopback, link-local or reserved (https://inside.example)"
    )
    assert asked == ["inside.example"]
    assert "plain http" in made.foreseen("http://shop.example/x") or opened.get("allow_private")


def test_a_name_is_looked_up_by_the_system_and_one_that_leads_nowhere_is_no_fault():
    assert set(addresses_of("localhost")) <= {"127.0.0.1", "::1"}
    assert addresses_of("nowhere.invalid") == addresses_of("\udc00") == []
