"""What Insider's sandbox makes of the requests of Segment's mapping. It shares no code with Signal's mapping."""

import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from beside.differences import Difference
from beside.events import AT
from beside.rows import Row
from datafly.sandbox.app import create_app
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey

REFUSED, IGNORED, TAKEN = "refused", "ignored", "taken"
HEADERS = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": "xxxxxxxxxxxxxxxxxxxx"}


async def said_of(examples: Mapping[Row, Difference]) -> dict[Row, str]:
    """Of the example of every row that says what Insider does: whether the sandbox refuses the user, ignores the
    field (or, where Signal sends nothing, any part), or takes it."""
    return {row: await said(one) for row, one in examples.items() if row.insider}


async def said(one: Difference) -> str:
    """Of a sandbox that has seen nothing before."""
    with tempfile.TemporaryDirectory() as folder, closing(sandbox(Path(folder))) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1/insider", headers=HEADERS
        ) as client:
            (request,) = one.theirs.requests
            replied = (await client.post("/api/user/v1/upsert", json=request["body"])).json()
            if replied["data"]["fail"]:
                return REFUSED
            newest = (await client.get("/_control/requests?limit=1")).json()[0]
            (verdict,) = (await client.get(f"/_control/requests/{newest['id']}")).json()["verdicts"]
    return IGNORED if any(one.is_about(each["path"]) for each in verdict["ignored"]) else TAKEN


def sandbox(folder: Path) -> Any:
    seed = Seed(keys=(SeedKey(partner=HEADERS["X-PARTNER-NAME"], key=HEADERS["X-REQUEST-TOKEN"]),))
    return create_app(SandboxSettings(data_dir=folder, seed=seed), clock=lambda: AT)
