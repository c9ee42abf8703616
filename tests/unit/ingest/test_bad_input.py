"""Each kind of bad input has its own code, and none of them is a fault of ours."""

import pytest

from datafly.ingest.codes import Code

DEEP = 10_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "NOT_JSON"),
        (b"hello", "NOT_JSON"),
        (b"{", "NOT_JSON"),
        (b'{"event":"E"} x', "NOT_JSON"),
        (b"{'event':'E'}", "NOT_JSON"),
        (b'{"event":NaN}', "NOT_JSON"),
        (b'{"event":"\\uZZZZ"}', "NOT_JSON"),
        (b'\xef\xbb\xbf{"event":"E"}', "NOT_JSON"),
        (b"[]", "INVALID_PAYLOAD"),
        (b"null", "INVALID_PAYLOAD"),
        (b'"E"', "INVALID_PAYLOAD"),
        (b'{"event":"\xff"}', "INVALID_UTF8"),
        (b'{"event":"\xed\xa0\x80"}', "INVALID_UTF8"),
        (b'{"\xff":1,"event":"E"}', "INVALID_UTF8"),
        (b'\xff\xfe{\x00"\x00', "INVALID_UTF8"),
        (b'{"event":"E\x00"}', "NUL_CHARACTER"),
        (b'{"event":"E\\u0000"}', "NUL_CHARACTER"),
        (b'{"event":"E","properties":{"x\\u0000":1}}', "NUL_CHARACTER"),
        (b'{"event":"\\ud800"}', "LONE_SURROGATE"),
        (b'{"event":"\\udc00 and more text behind"}', "LONE_SURROGATE"),
        (b'{"event":"E","properties":{"x":"\\ud83d and more"}}', "LONE_SURROGATE"),
        (b'{"event":"E","properties":{"x":1e400}}', "NUMBER_OUT_OF_RANGE"),
        (b'{"event":"E","properties":{"x":' + b"9" * 5000 + b"}}", "NUMBER_OUT_OF_RANGE"),
        (b'{"event":"E","x":' + b"[" * DEEP + b"]" * DEEP + b"}", "TOO_DEEP"),
        (b'{"event":"E","x":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}", "TOO_DEEP"),
        (b'{"event":"E","x":' + b"[" * 64 + b"]" * 64 + b"}", "TOO_DEEP"),
        (b'{"event":"E", "event":"F"}', "DUPLICATE_KEY"),
        (b'{"event":"E","userId":5,"userId":"u"}', "DUPLICATE_KEY"),
        (b'{"event":"E","properties":{"x":"\\u003a","y":1,"y":1}}', "DUPLICATE_KEY"),
        (b"{}", "MISSING_EVENT_NAME"),
        (b'{"event":""}', "MISSING_EVENT_NAME"),
        (b'{"event":"  "}', "MISSING_EVENT_NAME"),
        (b'{"event":"E","type":"purchase"}', "UNKNOWN_TYPE"),
        (b'{"event":"E","type":"alias"}', "TYPE_MISMATCH"),
        (b'{"event":"E","type":5}', "INVALID_FIELD"),
        (b'{"event":5}', "INVALID_FIELD"),
        (b'{"event":"E","userId":5}', "INVALID_FIELD"),
        (b'{"event":"E","userId":""}', "INVALID_FIELD"),
        (b'{"event":"E","anonymousId":{}}', "INVALID_FIELD"),
        (b'{"event":"E","messageId":true}', "INVALID_FIELD"),
        (b'{"event":"E","properties":[]}', "INVALID_FIELD"),
        (b'{"event":"E","context":"x"}', "INVALID_FIELD"),
        (b'{"event":"E","timestamp":1700000000}', "INVALID_FIELD"),
        (b'{"event":"E","timestamp":"yesterday"}', "INVALID_TIMESTAMP"),
        (b'{"event":"E","timestamp":"2026-13-01T00:00:00Z"}', "INVALID_TIMESTAMP"),
        (b'{"event":"E","sentAt":"soon"}', "INVALID_TIMESTAMP"),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else value,
)
def test_bad_input_is_refused_by_its_own_code_and_kept_out(gate, body, code):
    answer = gate.post("/v1/t", content=body)

    assert answer.json()["error"]["code"] == code
    assert answer.status_code == Code[code].status == 400
    assert gate.entries == []
    assert gate.post("/v1/t", {"event": "E"}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"\\ud83d\\ude00"}',
        b'{"event":"a \\\\u0000 b"}',
        b'{ "event" : "E" , "properties":{"a":"::","b":{"a":"\\u003A"},"c":1.50e1} }',
        b'{"event":"E","x":' + b"[" * 63 + b"]" * 63 + b"}",
        b'{"event":"E","x":[' + b"{}," * 500 + b"{}]}",
        b'{"event":"E","timestamp":"2026-11-23"}',
        b'{"event":"E","timestamp":"2026-11-23T10:00:00.123456+01:00"}',
        b'{"event":"E","timestamp":"0001-01-01T00:00:00+23:59","sentAt":"9999-12-31T23:59:59-23:59"}',
        b'{"event":"E","' + b"k" * 2048 + b'":1}',
        b'{"event":"E","properties":{"n":123456789012345678901234567890}}',
    ],
    ids=lambda body: body[:40],
)
def test_what_is_odd_but_sound_is_taken(gate, body):
    assert gate.post("/v1/t", content=body).status_code == 200


def test_a_refusal_names_the_field(gate):
    answer = gate.post("/v1/i", {"userId": 12345})

    assert answer.json()["error"]["details"] == {"field": "userId"}
    assert "userId" in answer.json()["error"]["message"]


@pytest.mark.parametrize("length", [1, 255])
def test_an_id_has_up_to_255_characters(gate, length):
    assert gate.post("/v1/i", {"userId": "é" * length}).status_code == 200
    assert gate.post("/v1/i", {"userId": "é" * 256}).status_code == 400


def test_a_single_event_over_64_kilobytes_is_413_and_named(gate):
    answer = gate.post("/v1/t", {"event": "Big One", "messageId": "m-7", "properties": {"x": "y" * 70_000}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "EVENT_TOO_LARGE")
    assert answer.json()["error"]["details"] == {"message_id": "m-7", "event": "Big One"}


def test_a_single_post_over_512_kilobytes_is_not_read(gate):
    answer = gate.post("/v1/t", {"event": "E", "properties": {"x": "y" * 600_000}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert gate.post("/v1/t", {"event": "E"}).status_code == 200
