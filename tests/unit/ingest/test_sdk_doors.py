"""What the SDKs of Segment, RudderStack and Jitsu post, and ask for, is understood as they mean it."""

import base64
import gzip
import json

import msgspec
import pytest

from datafly.ingest import paths

KEY = "dk_test_1"
KINDS = ["track", "page", "screen", "identify", "group", "alias"]
EVENTS = {
    "track": {"event": "E", "userId": "u"},
    "page": {"name": "Home", "userId": "u"},
    "screen": {"name": "Home", "userId": "u"},
    "identify": {"userId": "u", "traits": {"plan": "pro"}},
    "group": {"userId": "u", "groupId": "g"},
    "alias": {"userId": "u", "previousId": "a"},
}


def basic(user, password=""):
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def send(gate, path, body, **headers):
    return gate.post(path, body, key=None, headers=basic(KEY) | headers)


def body_of(received):
    return msgspec.json.decode(received.body)


# --- paths and keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/v1/{}", "/api/s/{}", "/api/s/s2s/{}"])
def test_each_call_has_its_path(gate, path, kind):
    answer = send(gate, path.format(kind), EVENTS[kind])

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert gate.only.type == kind
    assert body_of(gate.only) == EVENTS[kind]


@pytest.mark.parametrize(("letter", "kind"), [("s", "screen"), ("a", "alias")])
def test_the_browser_sdk_writes_the_first_letter(gate, letter, kind):
    assert send(gate, f"/v1/{letter}", {"type": kind} | EVENTS[kind]).status_code == 200
    assert gate.only.type == kind


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"])
def test_a_batch_of_every_kind_is_taken_whole_and_in_order(gate, path):
    answer = send(gate, path, {"batch": [{"type": kind} | EVENTS[kind] for kind in KINDS]})

    assert answer.json() == {"success": True, "accepted": len(KINDS)}
    assert [received.type for received in gate.received] == KINDS


def test_only_what_comes_by_import_is_historical(gate):
    send(gate, "/v1/import", {"batch": [{"type": "page"}]})
    send(gate, "/v1/batch", {"batch": [{"type": "page"}]})
    send(gate, "/v1/track", EVENTS["track"])

    assert [received.historical for received in gate.received] == [True, False, False]


@pytest.mark.parametrize(
    ("path", "headers", "extra"),
    [
        ("/v1/track", basic(KEY), {}),
        ("/v1/track", basic(KEY, "ignored"), {}),
        ("/v1/track", {"authorization": basic(KEY)["authorization"].replace("Basic", "basic")}, {}),
        ("/v1/track", {"x-write-key": KEY}, {}),
        ("/api/s/track", {"x-write-key": f"{KEY}:secret"}, {}),
        ("/v1/track", {}, {"writeKey": KEY}),
        ("/v1/track", {"authorization": "Basic ???"}, {"writeKey": KEY}),
        (f"/v1/track?writeKey={KEY}", {}, {}),
    ],
)
def test_the_key_is_found_where_each_sdk_puts_it(gate, path, headers, extra):
    assert gate.post(path, EVENTS["track"] | extra, key=None, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, basic("dk_other"), basic(""), {"x-write-key": ":"}, {"authorization": "Basic"}]
)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/import", "/beacon/v1/batch", "/api/s/page"])
def test_without_a_good_key_nothing_is_taken(gate, path, headers):
    body = {"batch": [{"type": "page"}]} if "page" not in path else {}
    refused = gate.post(path, EVENTS["track"] | body, key=None, headers=headers)

    code = "INVALID_PIPELINE_KEY" if headers == basic("dk_other") else "MISSING_PIPELINE_KEY"
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, code)
    assert gate.entries == []


# --- what is in them --------------------------------------------------------------------------------------------------


def test_gzip_in_what_axios_calls_a_form_is_read_for_an_sdk_and_for_nobody_else(gate):
    body = gzip.compress(json.dumps({"batch": [{"type": "page"}]}).encode())
    form = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}

    taken = gate.post("/v1/batch", content=body, key=None, headers=basic(KEY) | form)
    refused = gate.post("/v1/batch", content=body, headers=form)

    assert (taken.status_code, refused.status_code) == (200, 415)


def test_a_gzip_bomb_is_refused_as_at_our_own_doors(gate):
    bomb = gzip.compress(b'{"batch":[' + b" " * 20_000_000 + b"]}")
    refused = gate.post("/v1/import", content=bomb, key=None, headers=basic(KEY) | {"content-encoding": "gzip"})

    assert (refused.status_code, refused.json()["code"]) == (413, "GZIP_TOO_LARGE")


def test_what_a_batch_says_for_all_holds_where_an_event_says_nothing_else(gate):
    own = {"ip": "198.51.100.7"}
    batch = [{"type": "page"}, {"type": "page", "context": own, "integrations": {"Insider": True}}, 5, {"type": "page"}]
    common = {"context": {"ip": "192.0.2.1", "app": "till"}, "integrations": {"All": False}}

    answer = send(gate, "/v1/batch", {"batch": batch} | common)

    assert [error["index"] for error in answer.json()["errors"]] == [2]
    plain, told, last = map(body_of, gate.received)
    assert (plain["context"], plain["integrations"]) == (common["context"], common["integrations"])
    assert told["context"] == {"ip": "198.51.100.7", "app": "till"}
    assert told["integrations"] == {"All": False, "Insider": True}
    assert last == plain


def test_what_is_said_for_all_cannot_make_more_of_a_batch_than_a_batch_may_be(gate):
    answer = send(gate, "/v1/batch", {"batch": [{"type": "page"}] * 400, "context": {"x": "y" * 30_000}})

    assert (answer.status_code, answer.json()["code"]) == (400, "BATCH_TOO_LARGE")
    assert gate.entries == []


def test_a_common_context_that_is_no_object_is_refused(gate):
    answer = send(gate, "/v1/batch", {"batch": [{"type": "page"}], "context": "till"})

    assert (answer.status_code, answer.json()["error"]["details"]) == (400, {"field": "context"})


@pytest.mark.parametrize("path", ["/v1/group", "/v1/batch"])
def test_an_id_that_is_a_number_becomes_text_and_an_empty_one_is_none(gate, path):
    event = {"type": "group", "userId": "", "anonymousId": "a", "groupId": 7, "traits": {"size": 3}}

    answer = send(gate, path, {"batch": [event]} if path == "/v1/batch" else event)

    assert answer.json()["success"] is True
    assert body_of(gate.only) == event | {"userId": None, "groupId": "7"}


@pytest.mark.parametrize("odd", [True, 1.5, [], {}, "x" * 256])
def test_an_id_that_can_be_no_text_is_refused(gate, odd):
    assert send(gate, "/v1/group", {"groupId": odd}).json()["error"]["code"] == "INVALID_FIELD"


def test_our_own_doors_stay_strict_for_who_comes_with_our_own_key_header(gate):
    assert gate.post("/v1/g", {"groupId": 7}).status_code == 400
    assert gate.batch({"type": "group", "groupId": ""}).json()["accepted"] == 0


@pytest.mark.parametrize("event", [{}, {"userId": "u"}, {"previousId": "a"}, {"userId": "u", "previousId": ""}])
def test_an_alias_needs_both_ids(gate, event):
    refused = send(gate, "/v1/alias", event)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "INCOMPLETE_ALIAS")


def test_an_alias_stands_in_the_order_of_its_visitor_else_of_the_id_that_it_ends(gate):
    send(gate, "/v1/alias", EVENTS["alias"])
    send(gate, "/v1/alias", {**EVENTS["alias"], "anonymousId": "v"})

    assert [entry.key for entry in gate.entries] == ["a", "v"]


def test_the_time_of_sending_counts_where_only_the_events_have_it(gate):
    sent = "2026-11-23T10:00:00Z"
    send(gate, "/v1/batch", {"batch": [{"type": "page", "sentAt": sent}, {"type": "page", "sentAt": "soon"}]})

    assert gate.only.sent_ms == 1_795_428_000_000


@pytest.mark.parametrize(("policy", "kept"), [("keep", "127.0.0.1"), ("remove", None), ("stripLastOctet", "127.0.0.0")])
def test_jitsus_word_on_the_address_is_kept(gate, policy, kept):
    send(gate, "/api/s/page", {}, **{"x-ip-policy": policy})

    assert gate.only.ip == kept


def test_an_ipv6_address_loses_all_but_its_network(open_gate):
    gate = open_gate(trusted_proxies=("127.0.0.1",))
    told = {"x-ip-policy": "stripLastOctet", "x-forwarded-for": "2001:db8:1:2::3"}
    send(gate, "/api/s/page", {}, **told)

    assert gate.only.ip == "2001:db8:1::"


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [door.path for door in paths.DOORS if door.flat])
def test_an_error_has_its_code_and_message_at_the_top_too(gate, path):
    refused = send(gate, path, [])

    told = refused.json()
    assert (refused.status_code, told["success"]) == (400, False)
    assert (told["code"], told["message"]) == (told["error"]["code"], told["error"]["message"])


def test_the_headers_that_an_sdk_asks_for_are_allowed(gate):
    asked = {"origin": "https://shop.example.com", "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "anonymousid,authorization,content-type,sentat,x-retry-count"
    answer = gate.http.request("OPTIONS", "/v1/track", headers=asked)

    assert answer.status_code == 204
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert set(asked["access-control-request-headers"].split(",")) <= allowed


# --- settings ---------------------------------------------------------------------------------------------------------


def test_segments_browser_sdk_is_told_to_send_where_it_asked(gate):
    answer = gate.http.get(f"/v1/projects/{KEY}/settings", headers={"origin": "http://shop.example.com"})

    told = answer.json()
    assert list(told["integrations"]) == ["Segment.io"]
    own = told["integrations"]["Segment.io"]
    assert (own["apiKey"], own["apiHost"], own["protocol"]) == (KEY, f"127.0.0.1:{gate.port}/v1", "http")
    assert answer.headers["access-control-allow-origin"] == "http://shop.example.com"


def test_a_page_that_came_by_https_is_told_to_send_by_https(gate):
    answer = gate.http.get(f"/v1/projects/{KEY}/settings", headers={"origin": "https://shop.example.com"})

    assert answer.json()["integrations"]["Segment.io"]["protocol"] == "https"


@pytest.mark.parametrize("path", ["/sourceConfig", "/sourceConfig/"])
def test_rudderstacks_browser_sdk_is_told_of_a_source_without_destinations(gate, path):
    source = gate.http.get(path, params={"writeKey": KEY}).json()["source"]

    assert (source["id"], source["enabled"], source["destinations"]) == ("pip_1", True, [])
    assert gate.http.get(path, headers=basic(KEY)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/projects/dk_other/settings", "/sourceConfig/?writeKey=dk_other", "/sourceConfig"]
)
def test_who_has_no_good_key_is_told_no_settings(gate, path):
    assert gate.http.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/v1/projects//settings", "/v1/projects/settings", "/v1/projects/x", "/v1/unknown"])
def test_what_is_no_path_of_settings_is_404(gate, path):
    assert gate.http.get(path).status_code == 404


def test_settings_are_for_the_pages_of_the_pipeline_only(gate):
    gate.pipeline(domain_allowlist=("example.com",))

    assert gate.http.get(f"/v1/projects/{KEY}/settings", headers={"origin": "https://foreign.test"}).status_code == 403
    assert gate.http.post(f"/v1/projects/{KEY}/settings").status_code == 405


def test_a_method_that_such_a_door_does_not_take_is_told_flat_too(gate):
    refused = gate.http.get("/v1/track")

    assert (refused.status_code, refused.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert refused.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
