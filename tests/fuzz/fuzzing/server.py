"""A whole gateway in a process of its own, with its log and its store on disk, that tells what it holds."""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path

import uvicorn

from datafly.ingest import GatewaySettings, create_gateway, server_config
from datafly.log.base import RAW
from datafly.log.group import GroupCommit
from datafly.log.sqlite import SqliteLog
from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, signing_id
from datafly.observe import add_sink
from datafly.runtime.clock import SystemClock
from datafly.runtime.intake import Intake
from datafly.store import open_store

PIPELINES = {
    "dk_test_1": Pipeline("pip_1", "Default", "default", "dk_test_1"),
    "dk_revoked": Pipeline("pip_2", "Revoked", "revoked", "dk_revoked", enabled=False),
    "dk_own_pages": Pipeline("pip_3", "Own", "own", "dk_own_pages", domain_allowlist=("shop.example",)),
}
SIGNER = Source(signing_id("pip_1"), "pip_1", SIGNING, Secret("dsk_whisper"))
OPEN = Source("wh_open", "pip_1", "custom", None, 0, "none")


def figures(intake):
    """Of this process: bytes that are resident, open files, tasks, values, and refusals that wait."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc").is_dir() else 0
    files = Path("/proc/self/fd") if Path("/proc").is_dir() else Path("/dev/fd")
    return {
        "resident_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
        "open_files": len(list(files.iterdir())),
        "values": sys.getallocatedblocks(),
        "tasks": len(asyncio.all_tasks()),
        "waiting_refusals": len(intake._refusals),
    }


async def main(folder, port):
    store = open_store(folder, encryption_key=Secret("11" * 32))
    clock = SystemClock()
    intake = Intake(store.intake, clock, kept=100)
    add_sink(intake.sink)
    gateway = create_gateway(
        GatewaySettings(body_timeout_seconds=0.2),
        append=GroupCommit(SqliteLog(folder / "log", {RAW: 1}).appender(RAW, 0)).append,
        pipelines=lambda: PIPELINES,
        sources=lambda: {SIGNER.id: SIGNER, OPEN.id: OPEN},
        clock=clock,
        ready=lambda: None,
        keep_refusal=intake.keep,
    )

    async def app(scope, receive, send):
        if scope["type"] != "http" or scope["path"] != "/figures":
            return await gateway(scope, receive, send)
        body = json.dumps(figures(intake)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return await send({"type": "http.response.body", "body": body})

    writing = asyncio.create_task(intake.follow())
    config = server_config(app, port=port, head_seconds=0.2)
    config.timeout_keep_alive = 1  # who sends nothing is waited for 75 s otherwise
    await uvicorn.Server(config).serve()
    writing.cancel()


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
