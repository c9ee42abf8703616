import contextlib
import json
import os
import re

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, reject
from hypothesis import settings as bounds
from hypothesis.errors import Unsatisfiable
from litestar.routes import HTTPRoute

from datafly.management import document as drawn
from datafly.management.access import Role, lowest_role

checks = schemathesis.checks

EXAMPLES = int(os.environ.get("API_EXAMPLES", "8"))
"""Of each operation. `make fuzz-api` runs many."""
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture
def document(call):
    return call.get("/v1/admin/openapi.json", role=None)


def documented(document):
    return {(method.upper(), path): told for path, told in document["paths"].items() for method, told in told.items()}


def test_every_route_is_in_the_document(house, document):
    routes = {
        (method, route.path_format)
        for route in house.app.routes
        if isinstance(route, HTTPRoute) and not route.path_format.startswith("/v1/admin/openapi.json")
        for method in route.methods - {"OPTIONS"}
        if route.path_format.startswith("/v1/") or route.path_format in {"/healthz", "/readyz"}
    }
    assert set(documented(document)) == routes


def test_every_operation_tells_its_answer_its_errors_and_who_may(document):
    assert document["openapi"].startswith("3.1")
    for (method, path), operation in documented(document).items():
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert len(good) == 1, path
        if good != ["204"]:
            content = operation["responses"][good[0]]["content"]
            assert content, path
            assert all(told["schema"] for told in content.values()), path
        for status in set(operation["responses"]) - set(good):
            shape = operation["responses"][status]["content"]["application/json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/ErrorAnswer"}
        assert operation["security"] == (
            [] if lowest_role(method, path) is Role.ANYONE else [{"token": []}, {"session": []}]
        )
        assert operation["summary"]
    assert (
        "never change" in documented(document)["PATCH", "/v1/admin/integration-templates/{template_id}"]["description"]
    )


def test_whatever_changes_or_removes_what_has_an_entity_tag_can_be_bound_to_what_was_read(document):
    for path, methods in document["paths"].items():
        tagged = "ETag" in methods.get("get", {"responses": {"200": {}}})["responses"]["200"].get("headers", {})
        for method in {"patch", "put", "delete"} & set(methods) if tagged else ():
            assert "If-Match" in [one["name"] for one in methods[method]["parameters"]], (method, path)
        assert tagged or "patch" not in methods, path


def test_every_reference_leads_somewhere(document):
    text = json.dumps(document)
    for reference in set(text.split('"$ref": "#/components/schemas/')[1:]):
        assert reference.split('"')[0] in document["components"]["schemas"]


def test_shapes_have_names_that_say_what_they_are_and_none_of_how_they_are_made(document):
    names = document["components"]["schemas"]
    assert [one for one in names if not re.fullmatch(r"[A-Z][A-Za-z]+", one)] == []
    assert names["PipelinePage"]["title"] == "PipelinePage"
    assert "Page[" not in json.dumps(document)
    listed = document["paths"]["/v1/admin/pipelines"]["get"]["responses"]["200"]["content"]["application/json"]
    assert listed == {"schema": {"$ref": "#/components/schemas/PipelinePage"}}


def test_no_two_shapes_have_one_name(house, monkeypatch):
    named, names = drawn._named, {}
    monkeypatch.setattr(drawn, "_named", lambda name: names.setdefault(name, named(name)))
    shapes = drawn.document_of(house.app)["components"]["schemas"]
    assert sorted({*names.values()}) == sorted(names.values())
    assert len(shapes) == len(names)


def test_operations_have_names_of_their_own(document):
    names = [operation["operationId"] for operation in documented(document).values()]
    assert len(set(names)) == len(names)
    assert "install_vendor" in names


@pytest.fixture
def schema(house, document):
    place = house.happens("m1", user_id="jane", event="Product Viewed")
    house.delivers(house.installed(), place)
    return schemathesis.openapi.from_dict(document)


@pytest.mark.parametrize("settings", [{"token_requests_per_minute": 0}], indirect=True)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_call_however_odd_is_a_fault_or_answered_otherwise_than_documented(schema, call, mode):
    for found in schema.get_all_operations():

        @given(case=found.ok().as_strategy(generation_mode=mode))
        @bounds(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def answers_as_documented(case):
            if "follow" not in (case.query or {}):
                sent = case.as_transport_kwargs(base_url="http://testserver.local")
                kept = {name: sent[name] for name in ("params", "headers", "json") if sent.get(name) is not None}
                try:
                    reply = call(sent["method"], sent["url"], content=sent.get("data"), **kept)
                except httpx.InvalidURL:
                    reject()  # the client sends no address that is so long
                case.validate_response(reply, checks=CHECKS)

        with contextlib.suppress(Unsatisfiable):  # what takes nothing can be given nothing wrong
            answers_as_documented()
