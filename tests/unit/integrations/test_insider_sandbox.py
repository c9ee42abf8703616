"""The sandbox knows Insider's documents and not the mapping: it takes every sample, and ignores what a warning said."""

from datetime import UTC, datetime

import httpx

from datafly import catalog
from datafly.sandbox.app import create_app
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.spec.faces import cases, event_of
from datafly.spec.faces.cases import SAMPLE_MS
from datafly.testing.integration_suite import compiled

INSIDER = catalog.get("insider")
KEY = "0123456789abcdef0123"


NOT_ENABLED = "does not identify in the account"
"""Which types identify is chosen in the panel; nothing that is sent can know it."""


def upserts_of(sample):
    made = compiled(INSIDER, **{**sample.config, "api_key": KEY})
    sent = [made.assemble([item]) for item in made.shape(event_of(sample), SAMPLE_MS)]
    return [outgoing.body for outgoing in sent if outgoing.url.endswith("/upsert")]


async def test_the_sandbox_takes_every_sample_that_is_sent_and_ignores_what_a_warning_said(tmp_path):
    seed = Seed(keys=(SeedKey(partner="myco", key=KEY),))
    sandbox = create_app(
        SandboxSettings(data_dir=tmp_path, seed=seed), clock=lambda: datetime(2026, 11, 26, tzinfo=UTC)
    )
    upserts = [(case, body) for case in cases(INSIDER) if not case.sample.refuses for body in upserts_of(case.sample)]
    transport = httpx.ASGITransport(app=sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/insider") as client:
        for case, body in upserts:
            headers = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": KEY, "Content-Type": "application/json"}
            reply = await client.post("/api/user/v1/upsert", content=body, headers=headers)
            assert reply.json() == {"data": {"successful": {"count": 1}, "fail": {}}}, case.id
            newest = (await client.get("/_control/requests?limit=1")).json()[0]
            seen = (await client.get(f"/_control/requests/{newest['id']}")).json()
            said = any("not read: names must not begin with c_" in part for part in case.sample.warns)
            ignored = [one for one in seen["verdicts"][0]["ignored"] if NOT_ENABLED not in one["reason"]]
            assert bool(ignored) == said, case.id
    sandbox.close()
