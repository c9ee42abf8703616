"""Tests the credentials of an installation by a request that only reads."""

import asyncio
from typing import Final

import msgspec

from datafly.management.installing import in_force
from datafly.management.services import Composed
from datafly.management.standings import base_url
from datafly.model.clock import Clock
from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.errors import Conflict
from datafly.model.installation import Installation
from datafly.model.secret import redact
from datafly.model.verdict import DELIVERED, Ruling, Verdict
from datafly.spec.compiled import Compiled
from datafly.transport.base import address_not_allowed, was_refused

_NO_ANSWER: Final = "Check the address in the settings, and whether this machine reaches it; else try again later."


class CheckView(msgspec.Struct, frozen=True):
    """`ok`: the vendor took the credentials. `status` null: no answer came, and `reason` says why."""

    ok: bool
    status: int | None
    reason: str | None
    cause: str | None
    cure: str | None
    symptom: str | None
    latency_ms: float
    base_url: str | None
    notes: list[str]


async def check(services: Composed, installation_id: str) -> CheckView:
    """Raises `NotFound`, `Conflict` where the vendor has no such request, `Invalid` where the config is no good."""
    return await check_one(services, await asyncio.to_thread(in_force, services, installation_id))


async def check_one(services: Composed, installation: Installation) -> CheckView:
    """The same for one that need not be kept (yet)."""
    compiled, sent_to, outgoing = await asyncio.to_thread(_prepared, services, installation)
    reply = await services.send(outgoing)
    ruling = judged(compiled, reply)
    shown = ruling.with_foreign_words(lambda words: redact(words, compiled.secrets))
    reason = shown.reason or redact(reply.error, compiled.secrets)
    return CheckView(
        ok=ruling.verdict is Verdict.DELIVERED,
        status=reply.status,
        reason=reason or None,
        cause=shown.cause or None,
        cure=shown.cure or None,
        symptom=shown.symptom or None,
        latency_ms=reply.latency_ms,
        base_url=sent_to,
        notes=list(compiled.notes),
    )


def _prepared(services: Composed, installation: Installation) -> tuple[Compiled, str | None, Outgoing]:
    integration = services.catalog.get(installation.vendor)
    compiled = services.compile(installation)
    if compiled.credential_check is None:
        raise Conflict(
            f"{integration.name} has no request that only reads, so its credentials show with the first event.",
            code="NO_CREDENTIAL_CHECK",
        )
    return compiled, base_url(integration, compiled), _signed(compiled, compiled.credential_check, services.clock)


def _signed(compiled: Compiled, outgoing: Outgoing, clock: Clock) -> Outgoing:
    """Each test is another message to whoever looks for what comes again."""
    if compiled.sign is None:
        return outgoing
    now_ms = clock.now_ms()
    return compiled.sign(outgoing, (Item(b"", key=f"check:{now_ms}"),), now_ms)


def judged(compiled: Compiled, reply: Reply) -> Ruling:
    if was_refused(reply):
        return address_not_allowed(reply)
    if reply.status is None:
        return Ruling(Verdict.RETRY, "no_answer", reply.error, _NO_ANSWER)
    return compiled.judge_check(reply) if compiled.judge_check else _by_status(reply)


def _by_status(reply: Reply) -> Ruling:
    if reply.status and reply.status < 300:
        return DELIVERED
    return Ruling(Verdict.SUSPENDED, f"{reply.status}")
