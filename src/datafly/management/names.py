"""Asks a vendor which names are registered there, and keeps them with the installation."""

import asyncio

import msgspec

from datafly.management.checking import judged
from datafly.management.installing import in_force, reconfigure
from datafly.management.parameters import require_match
from datafly.management.revising import Draft
from datafly.management.services import Composed
from datafly.model.delivery import Reply
from datafly.model.errors import Conflict
from datafly.model.people import Actor
from datafly.model.secret import redact
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.compiled import Compiled
from datafly.spec.integration import Integration


class NamesView(msgspec.Struct, frozen=True):
    """`ok`: all was told, and `names` are now in the config's field `setting`. Else nothing was changed."""

    ok: bool
    setting: str
    names: list[str]
    status: int | None = None
    reason: str | None = None
    cause: str | None = None
    cure: str | None = None


async def take_names(services: Composed, installation_id: str, *, by: Actor, if_match: str | None = None) -> NamesView:
    """Raises `NotFound`, `Conflict` where the vendor tells no names, `Invalid` where the config is no good."""
    integration, compiled, into = await asyncio.to_thread(_prepared, services, installation_id, if_match)
    found: dict[str, None] = {}
    for outgoing in compiled.name_requests:
        reply = await services.send(outgoing)
        told = _read(integration, reply)
        if told is None:
            return _refused(compiled, reply, into)
        found |= dict.fromkeys(told)
    names = sorted(found)
    draft = Draft(config={into: names})
    await asyncio.to_thread(reconfigure, services, installation_id, draft, if_match=if_match, by=by)
    return NamesView(ok=True, setting=into, names=names)


def _prepared(services: Composed, installation_id: str, if_match: str | None) -> tuple[Integration, Compiled, str]:
    installation = in_force(services, installation_id)
    require_match(services.control.etag(installation), if_match)
    integration = services.catalog.get(installation.vendor)
    if integration.names is None:
        raise Conflict(
            f"{integration.name} has no request that tells which names are registered; type them in.",
            code="NO_NAMES",
        )
    return integration, services.compile(installation), integration.names.into


def _read(integration: Integration, reply: Reply) -> list[str] | None:
    read = integration.functions.read_names
    return read(reply) if read and reply.status is not None and 200 <= reply.status < 300 else None


def _refused(compiled: Compiled, reply: Reply, into: str) -> NamesView:
    ruling = judged(compiled, reply)
    if ruling.verdict is Verdict.DELIVERED:
        ruling = Ruling(Verdict.RETRY, "no_names", "The answer tells no names.", "Type them in, or ask again later.")
    shown = ruling.with_foreign_words(lambda words: redact(words, compiled.secrets))
    return NamesView(
        ok=False,
        setting=into,
        names=[],
        status=reply.status,
        reason=shown.reason or None,
        cause=shown.cause or None,
        cure=shown.cure or None,
    )
