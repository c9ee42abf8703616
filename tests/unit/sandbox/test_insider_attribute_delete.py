"""Deleting attributes and patching arrays of objects: section 5.4 and `object_attributes` of section 3.2."""

import pytest

PATH = "/api/user/v1/attribute/delete"
DONE = {"data": {"successful": {"count": 1}, "fail": {}}}


@pytest.fixture
async def jane(insider, person):
    attributes = {"name": "Jane", "city": "London", "static_segment_id": [1, 2], "email": "jane@example.com"}
    custom = {"tier": "gold", "liked": ["a", "b", "c"]}
    await insider.upsert(person(attributes={**attributes, "custom": custom}))
    return {"identifiers": {"uuid": "user-123"}}


async def _known(insider):
    profile = (await insider.user("user-123"))["profile"]
    return profile["attributes"], profile["custom"]


async def test_whole_attributes_and_values_of_arrays_are_deleted(insider, jane):
    user = {
        **jane,
        "whole": ["city"],
        "partial": {"static_segment_id": [2]},
        "custom": {"whole": ["tier"], "partial": {"liked": ["a", "c", "z"]}},
    }
    reply = await insider.post(PATH, {"users": [user]})
    assert (reply.status_code, reply.json()) == (200, DONE)
    assert await _known(insider) == (
        {"name": "Jane", "static_segment_id": [1], "email": "jane@example.com"},
        {"liked": ["b"]},
    )


@pytest.mark.parametrize(
    ("deletion", "path"),
    [
        ({"whole": ["email"]}, "email"),
        ({"whole": ["loyalty"]}, "loyalty"),
        ({"custom": {"whole": ["c_tier"]}}, "custom.c_tier"),
    ],
)
async def test_what_cannot_be_deleted_is_ignored_with_a_reason(insider, jane, deletion, path):
    before = await _known(insider)
    assert (await insider.post(PATH, {"users": [{**jane, **deletion}]})).json() == DONE
    assert [each["path"] for each in (await insider.verdicts())[0]["ignored"]] == [f"users.0.{path}"]
    assert await _known(insider) == before


async def test_deleting_for_nobody_is_successful_and_ignored(insider):
    body = {"users": [{"identifiers": {"uuid": "nobody"}, "whole": ["city"]}]}
    assert (await insider.post(PATH, body)).json() == DONE
    assert len((await insider.verdicts())[0]["ignored"]) == 1
    assert await insider.control("/users") == []


@pytest.mark.parametrize(
    ("part", "key", "name"),
    [
        ({}, "users.0.required", "nothing_to_delete"),
        ({"whole": "city"}, "users.0.whole.type(array)", "whole_type"),
        ({"partial": ["city"]}, "users.0.partial.type(object)", "partial_type"),
        ({"custom": ["city"]}, "users.0.custom.type(object)", "custom_deletion_type"),
    ],
)
async def test_a_deletion_of_the_wrong_shape_is_refused_in_words_of_ours(insider, jane, *, part, key, name):
    reply = await insider.post(PATH, {"users": [{**jane, **part}]})
    assert list(reply.json()["data"]["fail"]["errors"]) == [key]
    assert reply.headers["x-sandbox-ours"] == name


async def test_identifiers_are_judged_as_in_an_upsert(insider):
    reply = await insider.post(
        PATH, {"users": [{"whole": ["city"]}, {"identifiers": {"email": "j"}, "whole": ["city"]}]}
    )
    missing = ["either insider_id or idenifiers must be specified"]
    assert reply.json()["data"] == {
        "successful": {},
        "fail": {
            "count": 2,
            "errors": {
                "users.0.identifiers.required": missing,
                "users.0.insider_id.required": missing,
                r"users.1.identifiers.*.regexp(^.+@.+\..+$)": ["not a valid email address: j"],
            },
        },
    }


async def test_users_must_be_defined_and_are_at_most_a_thousand(insider, jane):
    assert (await insider.post(PATH, {})).json() == {"error": "users must be defined: bad request"}
    many = [{**jane, "whole": ["city"]}] * 1001
    assert (await insider.post(PATH, {"users": many})).json() == {
        "error": "users must not be more than 1000: bad request"
    }


async def test_deletions_spend_the_limit_of_upserts(insider, jane, person):
    await insider.control("/settings", "PATCH", {"rate_limit": {"requests": 1}})
    assert (await insider.post(PATH, {"users": [{**jane, "whole": ["city"]}]})).status_code == 200
    assert (await insider.upsert(person())).status_code == 429
    assert (await insider.post("/api/user/v1/profile", jane)).status_code == 200


PETS = [{"id": 1, "kind": "dog"}, {"id": 2, "kind": "cat"}]


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ([{"action": "add", "value": {"id": 3}}], [*PETS, {"id": 3}]),
        ([{"action": "merge", "match": {"id": 2}, "value": {"age": 4}}], [PETS[0], {"id": 2, "kind": "cat", "age": 4}]),
        ([{"action": "replace", "match": {"kind": "dog"}, "value": {"id": 9}}], [{"id": 9}, PETS[1]]),
        ([{"action": "remove", "match": {"id": 1}}], [PETS[1]]),
        ([{"action": "remove"}], []),
        ([{"action": "remove"}, {"action": "add", "value": {"id": 3}}], [{"id": 3}]),
        ([{"action": "merge", "match": {"id": 7}, "value": {"age": 4}}], PETS),
    ],
)
async def test_an_array_of_objects_is_patched(insider, person, steps, left):
    await insider.upsert(person(attributes={"custom": {"pets": PETS}}))
    patch = {"identifiers": {"uuid": "user-123"}, "object_attributes": {"custom": {"pets": steps}}}
    assert await insider.ignored(patch) == {}
    assert (await insider.user("user-123"))["profile"]["custom"] == {"pets": left}


@pytest.mark.parametrize(
    "steps", [{}, ["add"], [{"action": "drop"}], [{"action": "add"}], [{"action": "merge", "value": {"a": 1}}]]
)
async def test_a_patch_that_cannot_be_read_is_ignored(insider, person, steps):
    ignored = await insider.ignored(person(object_attributes={"custom": {"pets": steps}}))
    assert list(ignored) == ["users.0.object_attributes.custom.pets"]
    assert (await insider.user("user-123"))["profile"]["custom"] == {}
