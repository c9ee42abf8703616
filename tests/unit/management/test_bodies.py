"""A body that tells a key twice changes nothing, whichever call it is of, and is told which key."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(':"\\{}[],'), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
STEPS = st.lists(st.sampled_from(["list", "object"]), max_size=5)


def put_in(text, steps):
    """The text that deep inside, and the way to it."""
    way = ""
    for step in reversed(steps):
        text, way = (f"[0, {text}]", f"[1]{way}") if step == "list" else (f'{{"in": {text}}}', f".in{way}")
    return text, way


@given(fields=st.dictionaries(NAMES, VALUES, min_size=1, max_size=3), pick=st.data(), steps=STEPS)
@bounds(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_key_that_is_told_twice_is_refused_and_named_at_any_depth(call, refused, fields, pick, steps):
    again, other = pick.draw(st.sampled_from(list(fields))), pick.draw(VALUES)
    pairs = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in [*fields.items(), (again, other)])
    text, way = put_in(f"{{{pairs}}}", steps)
    path = f"document{way}.{again}"

    reply = call("POST", "/v1/admin/config/apply", content=f'{{"document": {text}}}'.encode())

    error = refused(reply, 400, "DUPLICATE_KEY", field=path)
    assert error["message"] == f"{path}: the key is told twice. Tell it once."


@given(name=NAMES.filter(str.strip), value=VALUES)
@bounds(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_one_name_in_several_objects_is_nothing_told_twice(call, refused, name, value):
    twice = json.dumps({name: value, "in": {name: value, "more": [{name: value}, {name: value}]}} | {"as": ":"})
    reply = call("POST", "/v1/admin/config/plan", content=f'{{"document": {twice}}}'.encode())

    assert "told twice" not in reply.text
    refused(reply, 422, "VALIDATION_FAILED")


def test_every_call_that_takes_a_body_refuses_what_is_told_twice(call, refused):
    calls = [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, told in call.get("/v1/admin/openapi.json", role=None)["paths"].items()
        for method, operation in told.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    assert len(calls) > 20

    for method, path in calls:
        reply = call(method, path, content=b'{"a": {"b": 1, "b": 2}}')
        refused(reply, 400, "DUPLICATE_KEY", field="a.b")


def test_what_is_told_twice_changes_nothing(house, call, refused):
    path = f"/v1/admin/pipelines/{house.pipeline.id}"

    reply = call("PATCH", path, content=b'{"name": "Shop", "name": "Web"}')

    refused(reply, 400, "DUPLICATE_KEY", field="name")
    assert call.get(path)["name"] == "Default"


@pytest.mark.parametrize("colon", [":", r"\u003a"])
def test_however_deep_it_is_nothing_told_twice_is_taken(call, colon):
    """One reader gives up a few levels before the other."""
    for levels in range(900, 1_000, 5):
        text = '{"document": ' + '{"a": ' * levels + f'{{"b": 1, "b": "{colon}"}}' + "}" * levels + "}"
        error = call("POST", "/v1/admin/config/plan", content=text.encode()).json()["error"]
        assert "told twice" in error["message"] or "nested too deeply" in error["message"]
