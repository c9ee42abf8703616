"""Requests that are good but for something: an odd value, a byte too many, a header that nobody sends."""

import gzip
import json
from dataclasses import replace

from hypothesis import strategies as st

from fuzzing.wire import ask_of, cases

GOOD = [ask_of(case) for case in cases("requests")]
FIELDS = [
    *("batch", "reset", "sentAt", "pipelineKey", "writeKey", "wk", "type", "event", "name", "userId", "anonymousId"),
    *("groupId", "messageId", "previousId", "timestamp", "originalTimestamp", "properties", "traits", "context"),
    *("integrations", "consent", "channel", "_metadata"),
]
ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "\ud800",
    "1e400",
    "é" * 300,
    "track",
    "alias",
    "dk_test_1",
    "9999-12-31T23:59:59-23:59",
    "🧺",
]
ODD_OTHERS = [0, -1, 2**63, 2**80, 1e308, float("inf"), True, False, None, [], {}, [[]], {"": {}}, [None] * 501]
ODD = st.sampled_from([*ODD_TEXTS, *ODD_OTHERS])
VALUES = st.recursive(
    ODD | st.text(max_size=20) | st.floats() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=4),
    max_leaves=12,
)
SIGNS = [b"", b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\x00", b"\xff", b"\\ud800", b"[" * 2000]
STICK = st.sampled_from(SIGNS) | st.binary(max_size=8)
KNOWN_HEADERS = [
    *(b"authorization", b"content-type", b"content-encoding", b"origin", b"cookie", b"x-forwarded-for", b"x-write-key"),
    *(b"x-forwarded-proto", b"x-signature", b"x-timestamp", b"x-ip-policy", b"referer", b"user-agent", b"expect"),
    *(b"upgrade", b"transfer-encoding", b"accept"),
]
HEADER_NAMES = st.sampled_from(KNOWN_HEADERS) | st.binary(min_size=1, max_size=10)
ODD_HEADERS = [
    *(
        b"gzip",
        b"GZIP ",
        b"br",
        b"application/json; charset=x",
        b"text/plain",
        b"Basic Og==",
        b"Basic \xff",
        b"Bearer ",
    ),
    *(b"dk_test_1:x", b"h2c", b"chunked", b"100-continue", b"null", b"remove", b"::1, 1.2.3.4", b"x" * 5000),
]
HEADER_VALUES = st.binary(max_size=40) | st.sampled_from(ODD_HEADERS)


def put_into(value, path, told):
    """The value with `told` somewhere in it, by the steps of `path`."""
    if isinstance(value, dict) and value and path:
        names = [*value, *FIELDS]
        name = names[path[0] % len(names)]
        return value | {name: put_into(value.get(name), path[1:], told)}
    if isinstance(value, list) and value and path:
        at = path[0] % len(value)
        return [*value[:at], put_into(value[at], path[1:], told), *value[at + 1 :]]
    return told


@st.composite
def mutated_bodies(draw, ask):
    """The JSON that a good request has, with odd values in places; or its bytes, with something stuck into them."""
    packed = ask.body[:2] == b"\x1f\x8b"
    body = gzip.decompress(ask.body) if packed else ask.body
    if draw(st.booleans()):
        value = json.loads(body or b"{}")
        for _ in range(draw(st.integers(1, 3))):
            value = put_into(value, draw(st.lists(st.integers(0, 40), max_size=4)), draw(VALUES))
        body = json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    else:
        at, cut = draw(st.integers(0, len(body))), draw(st.integers(0, 5))
        body = body[:at] + draw(STICK) + body[at + cut :]
    if not packed:
        return body
    body = gzip.compress(body, mtime=0)
    at = draw(st.integers(0, len(body)))
    return draw(st.sampled_from([body, body[:at], body + body, body[:at] + b"\x00" + body[at + 1 :]]))


@st.composite
def mutated(draw):
    ask = draw(st.sampled_from(GOOD))
    kinds = draw(st.sets(st.sampled_from(["body", "headers", "path", "method"]), min_size=1, max_size=2))
    if "body" in kinds:
        ask = replace(ask, body=draw(mutated_bodies(ask)))
    if "headers" in kinds:
        more = draw(st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), min_size=1, max_size=3))
        ask = replace(ask, headers=(*ask.headers, *more))
    if "path" in kinds:
        at = draw(st.integers(0, len(ask.path)))
        ask = replace(ask, path=ask.path[:at] + draw(STICK) + ask.path[at:])
    if "method" in kinds:
        ask = replace(ask, method=draw(st.sampled_from([b"GET", b"HEAD", b"PUT", b"OPTIONS", b"PURGE", b"BREW", b""])))
    return ask


@st.composite
def broken_requests(draw):
    """The bytes of a good request, cut, doubled, or with something stuck into its head."""
    request = draw(st.sampled_from(GOOD)).encode()
    at = draw(st.integers(0, len(request)))
    head = draw(st.integers(0, request.index(b"\r\n\r\n") + 4))
    stuck = request[:head] + draw(STICK | st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b"\t", b": "])) + request[head:]
    return draw(st.sampled_from([request[:at], request + request, stuck]))
