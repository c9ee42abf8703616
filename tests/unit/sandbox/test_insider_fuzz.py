"""Whatever is sent, the room answers as an API: never with a failure of its own."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datafly.sandbox.insider.api import ENDPOINTS
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.testing.one_room import one_room

KEY = "0123456789abcdef0123"
HEADERS = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": KEY}
WORDS = [
    "users",
    "identifiers",
    "insider_id",
    "attributes",
    "events",
    "custom",
    "uuid",
    "email",
    "phone_number",
    "whole",
    "partial",
    "name",
    "event_name",
    "timestamp",
    "event_params",
    "old_identifier",
    "new_identifier",
    "object_attributes",
    "action",
    "match",
    "value",
    "table",
    "contacts",
    "wanted",
    "start_date",
    "end_date",
    "limit_per_source",
    "params",
    "quota",
    "append",
    "not_append",
    "add",
    "merge",
    "replace",
    "remove",
    "static_segment_id",
    "2026-11-23T10:00:00Z",
    "user-123",
    "jane@example.com",
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(WORDS)
)
names = st.sampled_from(WORDS) | st.text(max_size=3)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
people = st.fixed_dictionaries(
    {"identifiers": st.just({"uuid": "user-123"}) | values},
    optional={
        "attributes": values,
        "events": st.lists(values, max_size=2),
        "whole": values,
        "partial": values,
        "custom": values,
        "object_attributes": st.fixed_dictionaries({"custom": st.dictionaries(names, values, max_size=2)}),
    },
)
documents = (
    values
    | st.fixed_dictionaries({"users": st.lists(people | values, max_size=3)})
    | people
    | st.fixed_dictionaries({"old_identifier": values, "new_identifier": values})
)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=st.lists(documents, min_size=1, max_size=4))
def test_no_document_makes_the_room_fail(tmp_path_factory, endpoint, sent):
    folder: Path = tmp_path_factory.mktemp("room")
    seed = Seed(keys=(SeedKey(partner="myco", key=KEY),))
    room = one_room(
        "insider", SandboxSettings(data_dir=folder, seed=seed), lambda: datetime(2026, 11, 23, 12, tzinfo=UTC)
    )

    async def send() -> None:
        transport = httpx.ASGITransport(app=room)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=HEADERS) as client:
            upsert = {"users": [{"identifiers": {"uuid": "user-123"}, "attributes": {"name": "Jane"}}]}
            await client.post("/insider/api/user/v1/upsert", json=upsert)
            for document in sent:
                reply = await client.request(endpoint.method, f"/insider{endpoint.path}", json=document)
                assert reply.status_code in {200, 400, 404}, reply.text
                assert reply.json() is not None
            for path in ("users", "requests", "events", "totals"):
                assert (await client.get(f"/insider/_control/{path}")).status_code == 200

    try:
        asyncio.run(send())
    finally:
        room.close()


@pytest.mark.parametrize("depth", [50, 400, 900, 990])
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
async def test_what_is_nested_deeply_is_answered(insider, endpoint, depth):
    deep = '{"custom":' * depth + "{}" + "}" * depth
    pets = f'[{{"action":"add","value":{deep}}}]'
    documents = [
        f'{{"identifiers":{deep},"old_identifier":{deep},"new_identifier":{deep},"table":{deep},"events":{deep}}}',
        f'{{"users":[{{"identifiers":{deep}}},{{"identifiers":{{"uuid":"u"}},"attributes":{deep},"custom":{deep}}}]}}',
        f'{{"users":[{{"identifiers":{{"uuid":"u"}},"attributes":{{"custom":{{"pets":[{deep}]}}}}}}]}}',
        f'{{"users":[{{"identifiers":{{"uuid":"u"}},"object_attributes":{{"custom":{{"pets":{pets}}}}}}}]}}',
    ]
    for document in documents * 2:
        headers = {**insider.headers, "content-type": "application/json"}
        url = f"/insider{endpoint.path}"
        reply = await insider.client.request(endpoint.method, url, content=document, headers=headers)
        assert reply.status_code in {200, 400, 404}, reply.text
        assert (await insider.client.get("/insider/_control/users")).status_code == 200
