"""The sandbox knows Insider's documents and not the mapping: it takes the corpus, and a second time changes nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.testing.corpus import NOW_MS, read_corpus
from datafly.testing.one_room import one_room

CASES = [
    (name, case) for name, case in read_corpus(Path(__file__).parents[2] / "contract" / "insider") if "requests" in case
]
KEY = "0123456789abcdef0123"
HEADERS = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": KEY, "Content-Type": "application/json"}
IDENTIFYING = ["uuid", "email", "phone_number", "custom.anonymous_id", "custom.visitor"]
OF_OTHERS = "upsert does not change them"
"""What other cases here told of a user, a single one cannot know."""
SAID = {
    "the c_ prefix is for reading only": "names must not begin with c_",
}
"""What the sandbox says that it ignores → what the operator was told."""


@pytest.fixture
async def sandbox(tmp_path):
    seed = Seed(keys=(SeedKey(partner="myco", key=KEY),))
    settings = SandboxSettings(data_dir=tmp_path, seed=seed)
    app = one_room("insider", settings, lambda: datetime.fromtimestamp(NOW_MS / 1000, UTC))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1/insider", headers=HEADERS
    ) as client:
        rules = {"identifier_types": IDENTIFYING}
        reply = await client.patch("/_control/accounts/myco", json={"rules": rules})
        assert reply.status_code == 200
        yield client
    app.close()


async def send(sandbox, request):
    body = json.dumps(request["body"]).encode()
    return await sandbox.request(request["method"], request["path"], content=body)


async def state(sandbox):
    """All users with what is known of them and what they did; not how often it was told."""
    users = (await sandbox.get("/_control/users")).json()
    views = [(await sandbox.get(f"/_control/users/{user['id']}")).json() for user in users]
    for view in views:
        view.pop("ignored")
        view.pop("history")
        for event in view["events"]:
            event.pop("times_received")
        view["profile"].pop("updated_at", None)
    return views


def was_said(case, reason):
    """`reason`: why the sandbox ignored something."""
    warnings = " ".join(case.get("warnings", ()))
    return OF_OTHERS in reason or any(words in reason and told in warnings for words, told in SAID.items())


async def test_the_sandbox_takes_the_whole_corpus_and_ignores_what_a_warning_said(sandbox):
    for name, case in CASES:
        for request in case["requests"]:
            reply = await send(sandbox, request)
            if request["method"] == "PATCH":
                assert reply.status_code in (200, 400, 404), name
                continue
            assert reply.json() == {"data": {"successful": {"count": 1}, "fail": {}}}, name
            newest = (await sandbox.get("/_control/requests?limit=1")).json()[0]
            seen = (await sandbox.get(f"/_control/requests/{newest['id']}")).json()
            ignored = [one for one in seen["verdicts"][0]["ignored"] if not was_said(case, one["reason"])]
            assert ignored == [], name


async def test_sending_the_corpus_twice_changes_nothing(sandbox):
    for _, case in CASES:
        for request in case["requests"]:
            await send(sandbox, request)
            once = await state(sandbox)
            if request["method"] == "POST":
                await send(sandbox, request)
                assert await state(sandbox) == once
