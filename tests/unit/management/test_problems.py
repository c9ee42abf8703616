import pytest

from datafly.model.errors import Unavailable
from datafly.observe import add_sink


def test_an_unknown_path_is_told_in_the_one_shape(call, refused):
    error = refused(call("GET", "/v1/admin/nowhere"), 404, "NOT_FOUND")
    assert error["message"] == "There is nothing at /v1/admin/nowhere. All that there is stands at /docs."


def test_a_wrong_method_is_told_with_those_that_are_right(call, refused):
    reply = call("PUT", "/v1/admin/pipelines")
    error = refused(reply, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in reply.headers["Allow"]
    assert f"takes {reply.headers['Allow']}, not PUT." in error["message"]


@pytest.mark.parametrize(
    ("body", "cure"),
    [
        ("{", "as a JSON library writes it."),
        ('{"name": "\\ud800"}', "as a JSON library writes it."),
        ('{"name": NaN}', "as a JSON library writes it."),
        ('{"name": "\xff"}', "Encode it as UTF-8."),
    ],
)
def test_what_is_not_json_is_400_and_told_what_to_do(call, refused, body, cure):
    error = refused(call("POST", "/v1/admin/pipelines", content=body.encode("latin-1")), 400, "BAD_REQUEST")
    assert error["message"].endswith(cure)


def test_what_is_nested_too_deeply_is_400_and_told_so(call, refused):
    deep = '{"name": "A", "config": {"a": ' + "[" * 10_000
    reply = call("POST", "/v1/admin/integration-catalog/insider/install", content=deep.encode())
    assert "nested too deeply" in refused(reply, 400, "BAD_REQUEST")["message"]


def test_no_body_at_all_is_400(call, refused):
    refused(call("POST", "/v1/admin/pipelines"), 400, "BAD_REQUEST")


def test_another_media_type_is_415(call, refused):
    reply = call("POST", "/v1/admin/pipelines", data={"name": "A"})
    refused(reply, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_without_a_media_type_is_read_as_json(call):
    assert call("POST", "/v1/admin/pipelines", content=b'{"name": "A"}').status_code == 201


def test_a_body_too_large_is_413(call, refused):
    error = refused(call("POST", "/v1/admin/pipelines", content=b" " * 2_000_000), 413, "PAYLOAD_TOO_LARGE")
    assert error["message"] == "The body has more than 1,000,000 bytes. Send less at once."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "ends\n"}, "name"),
        ({"name": "nu\0l"}, "name"),
        ({"name": "\x1b[31mred"}, "name"),
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"name": "A", "colour": "red"}, "colour"),
        ({"name": "A", "rate_limit_rps": "5"}, "rate_limit_rps"),
        ({"name": "A", "rate_limit_rps": -1}, "rate_limit_rps"),
        ({"name": "A", "rate_limit_rps": 10**30}, "rate_limit_rps"),
        ({"name": "A", "rate_limit_rps": True}, "rate_limit_rps"),
        ({"name": "A", "domain_allowlist": ["example.com/shop"]}, "domain_allowlist"),
        ({"name": "A", "domain_allowlist": "example.com"}, "domain_allowlist"),
        ({"name": "A", "consent_defaults": {"marketin": True}}, "consent_defaults"),
        ({"name": "A", "parameters": {"a": 1}}, "parameters[...]"),
        ({"name": "A", "type": "mainframe"}, "type"),
        ({"name": "A", "pipeline_key": "dk_mine"}, "pipeline_key"),
    ],
)
def test_a_wrong_field_is_422_and_named(call, refused, body, field):
    refused(call("POST", "/v1/admin/pipelines", json=body), 422, "VALIDATION_FAILED", field=field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=e30", "cursor"),
        ("massage_id=1", "massage_id"),
        ("verdict=MAYBE", "verdict"),
        ("follow=perhaps", "follow"),
        ("follow=true&cursor=e30", "cursor"),
    ],
)
def test_a_wrong_parameter_is_422_and_named(call, refused, query, field):
    refused(call("GET", f"/v1/admin/live-events?{query}"), 422, "VALIDATION_FAILED", field=field)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=0", "limit: It must be at least 1."),
        ("limit=ten", "limit: It must be a whole number, not text."),
        ("verdict=MAYBE", "verdict: It must be one of DELIVERED, REJECTED, SKIPPED, EXHAUSTED, RETRY, SUSPENDED."),
        ("follow=perhaps", "follow: It must be true or false, not text."),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told_in_words(call, refused, query, says):
    error = refused(call("GET", f"/v1/admin/live-events?{query}"), 422, "VALIDATION_FAILED")
    assert error["message"] == says


def test_a_fault_of_ours_tells_only_an_id_that_the_log_knows(house, call, refused, monkeypatch):
    def fail():
        raise RuntimeError("the database password is hunter2")

    told = []
    forget = add_sink(told.append)
    monkeypatch.setattr(house.control, "pipelines", fail)
    reply = call("GET", "/v1/admin/pipelines")
    forget()
    failure = refused(reply, 500, "INTERNAL")
    assert "hunter2" not in reply.text
    logged = next(event for event in told if type(event).__name__ == "ManagementRequestFailed")
    assert failure["details"]["id"] == logged.id
    assert "hunter2" in logged.trace


def test_a_store_that_cannot_be_read_now_is_503_with_a_time(house, call, refused, monkeypatch):
    def fail():
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(house.control, "version", fail)
    reply = call("GET", "/readyz", role=None)
    refused(reply, 503, "UNAVAILABLE")
    assert reply.headers["Retry-After"]
