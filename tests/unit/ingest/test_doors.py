import json

import msgspec
import pytest

from datafly.ingest.codes import Code

TRACK = {"event": "Product Viewed", "userId": "u-1", "properties": {"product_id": "p-1"}}


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/t", "track"), ("/v1/p", "page"), ("/v1/i", "identify"), ("/v1/g", "group")]
)
def test_each_path_implies_its_type(gate, path, kind):
    answer = gate.post(path, {"event": "E", "userId": "u-1"})

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert (gate.only.type, gate.only.door) == (kind, path)


def test_a_type_that_agrees_with_the_path_is_taken_and_one_that_contradicts_is_refused(gate):
    assert gate.post("/v1/t", {"type": "track", **TRACK}).status_code == 200

    refused = gate.post("/v1/t", {"type": "page"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "TYPE_MISMATCH")
    assert len(gate.entries) == 1


def test_the_answer_comes_only_after_the_append_and_a_full_disk_asks_to_come_again(gate):
    gate.fail()

    refused = gate.post("/v1/t", TRACK)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json() == {"error": {"code": "UNAVAILABLE", "message": "The disk is full.", "details": {}}}
    assert gate.entries == []


def test_a_fault_of_ours_is_one_json_error_and_the_next_request_is_served(gate):
    gate.fault = RuntimeError("bug")
    broken = gate.post("/v1/t", TRACK)
    gate.fault = None

    assert (broken.status_code, broken.json()["error"]["code"]) == (500, "INTERNAL")
    assert "bug" not in broken.text
    assert gate.post("/v1/t", TRACK).status_code == 200


def test_the_body_is_kept_byte_for_byte(gate):
    sent = b'{ "event":"E", "properties":{"b":1,"a":1.50,"\xc3\xa9":"\\u00e9"},\n "userId" : "u" }'

    gate.post("/v1/t", content=sent, headers={"content-type": "application/json"})

    assert bytes(gate.only.body) == sent


def test_what_only_the_gateway_knows_is_stamped(gate):
    gate.post("/v1/t", {**TRACK, "messageId": "m-1", "sentAt": "2026-11-23T10:00:00.250Z"})

    received = gate.only
    assert received.message_id == "m-1"
    assert received.pipeline_id == "pip_1"
    assert received.received_ms == gate.clock.now_ms()
    assert received.sent_ms == 1795428000250
    assert (received.ip, received.user_agent) == ("127.0.0.1", "test/1")


def test_a_missing_message_id_is_made_and_differs_each_time(gate):
    gate.post("/v1/t", TRACK)
    gate.post("/v1/t", TRACK)

    first, second = gate.received
    assert len(first.message_id) == 36
    assert first.message_id != second.message_id


@pytest.mark.parametrize("field", ["messageId", "timestamp", "userId", "anonymousId", "groupId", "properties", "name"])
def test_null_is_absent_at_top_level(gate, field):
    assert gate.post("/v1/t", {"event": "E", field: None}).status_code == 200


def test_null_as_type_is_absent_too(gate):
    assert gate.post("/v1/t", {"event": "E", "type": None}).status_code == 200
    assert gate.only.type == "track"


# --- batch ------------------------------------------------------------------------------------------------------------


def test_a_good_batch_is_taken_whole_in_order_and_in_one_append(gate):
    answer = gate.batch({"type": "page"}, {"type": "track", "event": "A"}, {"type": "consent"})

    assert answer.json() == {"success": True, "accepted": 3}
    assert [received.type for received in gate.received] == ["page", "track", "consent"]
    assert gate.appends == 1


def test_the_good_events_of_a_batch_are_taken_and_the_others_are_named(gate):
    answer = gate.batch({"type": "page"}, {"event": "A"}, 7, {"type": "track"}, {"type": "page", "userId": 5})

    assert answer.status_code == 200
    told = [
        (1, "type: the event has none.", Code.MISSING_TYPE),
        (2, "An event must be a JSON object.", Code.INVALID_PAYLOAD),
        (3, "event: a track event needs a name.", Code.MISSING_EVENT_NAME),
        (4, "userId must be a string of 1 to 255 characters.", Code.INVALID_FIELD),
    ]
    errors = [{"index": index, "message": f"{said} {code.cure}", "code": code.name} for index, said, code in told]
    assert answer.json() == {"success": True, "accepted": 1, "errors": errors}


def test_a_batch_without_a_good_event_appends_nothing(gate):
    answer = gate.batch({"type": "nonsense"})

    assert answer.json()["accepted"] == 0
    assert gate.appends == 0


def test_five_hundred_events_are_a_batch_and_one_more_is_not(gate):
    assert gate.batch(*[{"type": "page"}] * 500).json() == {"success": True, "accepted": 500}

    refused = gate.batch(*[{"type": "page"}] * 501)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "TOO_MANY_EVENTS")
    assert len(gate.entries) == 500


def test_a_batch_over_five_megabytes_is_refused_whole(gate):
    event = {"type": "track", "event": "E", "properties": {"x": "y" * 60_000}}

    refused = gate.batch(*[event] * 90)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BATCH_TOO_LARGE")
    assert gate.entries == []


def test_the_time_of_sending_holds_for_all_events_of_a_batch(gate):
    gate.batch({"type": "page"}, {"type": "page"}, sentAt="1970-01-01T00:00:01")

    assert [received.sent_ms for received in gate.received] == [1000, 1000]


def test_an_empty_batch_is_no_error(gate):
    assert gate.batch().json() == {"success": True, "accepted": 0}


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"batch":{}}', b'{"batch":null}', b'{"batch":"x"}', b"null", b"5"])
def test_a_batch_is_an_object_with_an_array(gate, body):
    refused = gate.post("/v1/batch", content=body)

    assert refused.status_code == 400
    assert "batch" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (b'{"type":"track","event":"\\ud83d"}', "LONE_SURROGATE"),
        (b'{"type":"track","event":"\xff"}', "INVALID_UTF8"),
        (b'{"type":"track","event":"E","properties":{"n":1e400}}', "NUMBER_OUT_OF_RANGE"),
        (b'{"type":"track","event":"a\\u0000b"}', "NUL_CHARACTER"),
        (b'{"type":"track","event":"E","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "TOO_DEEP"),
        (b'{"type":"track","event":"E","x":' + b"[" * 100 + b"]" * 100 + b"}", "TOO_DEEP"),
        (b'{"type":"track","event":"\x00"}', "NUL_CHARACTER"),
    ],
)
def test_one_broken_event_does_not_take_its_neighbours_with_it(gate, broken, code):
    good = b'{"type":"track","event":"},]{[\\" \\\\","userId":"u"}'
    sent = b'{"pipelineKey":"dk_test_1","batch": [' + good + b" ,\n" + broken + b"," + good + b' ],"sentAt":null}'

    answer = gate.post("/v1/batch", content=sent, key=None)

    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    assert [(error["index"], error["code"]) for error in answer.json()["errors"]] == [(1, code)]
    assert [bytes(received.body) for received in gate.received] == [good, good]


def test_an_event_over_64_kilobytes_is_named_and_the_others_are_taken(gate):
    big = {"type": "track", "event": "Big One", "messageId": "m-7", "properties": {"x": "y" * 70_000}}

    answer = gate.batch({"type": "page"}, big)

    (error,) = answer.json()["errors"]
    assert (answer.json()["accepted"], error["index"], error["code"]) == (1, 1, "EVENT_TOO_LARGE")
    assert "Big One" in error["message"]
    assert "m-7" in error["message"]


# --- pipeline key -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["pipelineKey", "writeKey", "wk"])
def test_the_key_may_stand_in_the_body(gate, field):
    assert gate.post("/v1/t", {**TRACK, field: "dk_test_1"}, key=None).status_code == 200
    batch = {"batch": [{"type": "page"}], field: "dk_test_1"}
    assert gate.post("/v1/batch", batch, key=None).status_code == 200


def test_the_key_may_stand_in_the_query_for_beacons(gate):
    answer = gate.post("/v1/t?wk=dk_test_1", content=json.dumps(TRACK), key=None)

    assert answer.status_code == 200


def test_the_header_beats_the_body(gate):
    assert gate.post("/v1/t", {**TRACK, "writeKey": "dk_other"}).status_code == 200
    assert gate.post("/v1/t", {**TRACK, "writeKey": "dk_test_1"}, key="dk_other").status_code == 401


@pytest.mark.parametrize("path", ["/v1/t", "/v1/batch"])
@pytest.mark.parametrize("key", [None, "dk_unknown", ""])
def test_without_a_good_key_nothing_is_taken(gate, path, key):
    refused = gate.post(path, {"event": "E", "batch": [{"type": "page"}]}, key=key)

    code = "INVALID_PIPELINE_KEY" if key else "MISSING_PIPELINE_KEY"
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, code)
    assert gate.entries == []


def test_the_key_of_a_disabled_pipeline_is_revoked(gate):
    gate.pipeline(enabled=False)

    refused = gate.post("/v1/t", TRACK)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "REVOKED_PIPELINE_KEY")


def test_while_pipelines_are_not_loaded_a_sender_is_asked_to_come_again_not_to_give_up(gate):
    known, gate.pipelines = gate.pipelines, {}
    gate.reason = "The pipelines are not loaded."
    refused = gate.post("/v1/t", TRACK)
    gate.pipelines, gate.reason = known, None

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert gate.post("/v1/t", TRACK).status_code == 200


# --- content types and encodings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "text/plain;charset=UTF-8",
        "Application/JSON",
        "application/cloudevents+json",
    ],
)
def test_what_may_be_json_is_read_as_json(gate, kind):
    headers = {} if kind is None else {"content-type": kind}
    assert gate.post("/v1/t", content=json.dumps(TRACK).encode(), headers=headers).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/xml", "image/png", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_what_cannot_be_json_is_415(gate, kind):
    refused = gate.post("/v1/t", content=json.dumps(TRACK).encode(), headers={"content-type": kind})

    assert (refused.status_code, refused.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


# --- the record -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "key"),
    [({"anonymousId": "a", "userId": "u"}, "a"), ({"anonymousId": "a"}, "a"), ({"userId": "u"}, "u")],
)
def test_the_key_of_a_record_is_the_anonymous_id_else_the_user_id(gate, ids, key):
    gate.post("/v1/t", {"event": "E", **ids})

    assert gate.entries[0].key == key


def test_a_record_decodes_to_what_the_caller_sent(gate):
    gate.post("/v1/t", TRACK)

    assert msgspec.json.decode(gate.only.body) == TRACK


# --- paths and methods ------------------------------------------------------------------------------------------------


def test_an_unknown_path_is_404_in_the_one_shape(gate):
    answer = gate.post("/v1/nothing", {})

    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"code", "message", "details"}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/t", "POST, OPTIONS"),
        ("PUT", "/v1/batch", "POST, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/d.js", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_which_are_right(gate, method, path, allow):
    answer = gate.http.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
