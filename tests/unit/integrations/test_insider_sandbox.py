"""The sandbox knows Insider's documents and not the mapping: it takes every sample, and ignores nothing of it."""

from datetime import UTC, datetime

import httpx

from datafly import catalog
from datafly.sandbox.app import create_app
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.spec.faces import cases, event_of
from datafly.testing.integration_suite import compiled, sent_for

INSIDER = catalog.get("insider")
KEY = "0123456789abcdef0123"


async def test_the_sandbox_takes_every_sample_that_is_sent_and_ignores_nothing(tmp_path):
    seed = Seed(keys=(SeedKey(partner="myco", key=KEY),))
    sandbox = create_app(
        SandboxSettings(data_dir=tmp_path, seed=seed), clock=lambda: datetime(2026, 11, 26, tzinfo=UTC)
    )
    made = compiled(INSIDER, api_key=KEY)
    sent = [case for case in cases(INSIDER) if not case.sample.refuses]
    transport = httpx.ASGITransport(app=sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/insider") as client:
        for case in sent:
            body, _ = sent_for(made, event_of(case.sample))
            headers = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": KEY}
            reply = await client.post("/api/user/v1/upsert", json=body, headers=headers)
            assert reply.json() == {"data": {"successful": {"count": 1}, "fail": {}}}, case.id
            newest = (await client.get("/_control/requests?limit=1")).json()[0]
            seen = (await client.get(f"/_control/requests/{newest['id']}")).json()
            assert seen["verdicts"][0]["ignored"] == [], case.id
    sandbox.close()
