"""What one event would become at one installation: the requests, where each value comes from, the sandbox's word."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec

from datafly.management.installing import InstallBody, in_force
from datafly.management.revising import Draft, draft_of
from datafly.management.search import event_at
from datafly.management.services import Composed
from datafly.management.views.exchange import RequestView, ResponseView, parsed
from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.errors import Invalid, NotFound
from datafly.model.event import Event
from datafly.model.installation import Installation
from datafly.model.secret import MASK, Secret, redact
from datafly.model.verdict import Ruling
from datafly.spec.compiled import Compiled
from datafly.spec.explaining import Explained, ExplainedItem

_HISTORICAL: Final = ":historical"
_Offset = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class PreviewBody(Draft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event: by `message_id`, by `partition` and `offset`, or pasted as `event`, as it would be posted."""

    message_id: str | None = None
    partition: _Offset | None = None
    offset: _Offset | None = None
    event: dict[str, Any] | None = None


class FirstPreviewBody(InstallBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event, told as in `PreviewBody`, by what an install with these settings would make."""

    message_id: str | None = None
    partition: _Offset | None = None
    offset: _Offset | None = None
    event: dict[str, Any] | None = None


AnyEvent = PreviewBody | FirstPreviewBody


class FieldView(msgspec.Struct, frozen=True):
    """`path`: of the value in the request's body. `kind`: event, setting, constant, default, consent, derived. `sent`:
    what came, where `steps` made another value of it. `override`: the entry of the overrides that says so.
    """

    path: str
    value: Any
    kind: str
    source: str
    sent: Any
    steps: list[str]
    override: str | None


class RulingView(msgspec.Struct, frozen=True):
    verdict: str
    reason: str | None
    cause: str | None
    cure: str | None


class SandboxView(msgspec.Struct, frozen=True):
    """What the vendor's sandbox, one that knows nothing before, answers; and how that would be judged."""

    response: ResponseView
    judged: RulingView


class TriedRequest(msgspec.Struct, frozen=True):
    """A request for this event alone. Secrets are `***`. `sandbox` null: the vendor has none."""

    request: RequestView
    fields: list[FieldView]
    warnings: list[str]
    sandbox: SandboxView | None


class PreviewView(msgspec.Struct, frozen=True):
    """`refused` null: the requests would be sent. `event` is the governed one; null where the door refuses it.
    `revision_number` null: of a draft that is not kept.
    """

    revision_number: int | None
    is_draft: bool
    event: dict[str, Any] | None
    refused: RulingView | None
    requests: list[TriedRequest]
    notes: list[str]


async def preview(services: Composed, installation_id: str, body: PreviewBody) -> PreviewView:
    """Raises `NotFound`, `Invalid`, `Conflict`."""
    drafted = await asyncio.to_thread(lambda: draft_of(services, in_force(services, installation_id), body))
    return await preview_by(services, drafted, body)


async def preview_by(services: Composed, drafted: Installation, one: AnyEvent) -> PreviewView:
    """Raises `NotFound`, `Invalid`."""
    compiled, event = await asyncio.to_thread(_prepared, services, drafted, one)
    shaped = event if isinstance(event, Ruling) else services.trying.shape(compiled, event, services.clock.now_ms())
    number, is_draft = drafted.revision.number or None, not drafted.revision.id
    shown = None if isinstance(event, Ruling) else msgspec.to_builtins(event)
    if isinstance(shaped, Ruling):
        return PreviewView(number, is_draft, shown, ruling_view(shaped), [], list(compiled.notes))
    explained: Explained | Ruling = ()
    if isinstance(event, Event):
        explain = await asyncio.to_thread(services.trying.explain, drafted)
        explained = await asyncio.to_thread(explain, event, services.clock.now_ms())
    told = () if isinstance(explained, Ruling) else explained
    replies = await services.trying.ask(drafted, shaped, services.clock.now_ms())
    requests = _tried(services, compiled, shaped, told, replies)
    return PreviewView(number, is_draft, shown, None, requests, list(compiled.notes))


def request_of(compiled: Compiled, item: Item, now_ms: int) -> Outgoing:
    """For this item alone."""
    outgoing = compiled.assemble([item])
    return compiled.sign(outgoing, [item], now_ms) if compiled.sign else outgoing


def judged(compiled: Compiled, reply: Reply, item: Item) -> Ruling:
    judgement = compiled.judge(reply, [item])
    return judgement.items[0] if judgement.items else judgement.whole


def ruling_view(ruling: Ruling) -> RulingView:
    return RulingView(ruling.verdict.value, ruling.reason or None, ruling.cause or None, ruling.cure or None)


def _prepared(services: Composed, drafted: Installation, one: AnyEvent) -> tuple[Compiled, Event | Ruling]:
    return services.compile(drafted), _event(services, drafted, one)


def _event(services: Composed, installation: Installation, body: AnyEvent) -> Event | Ruling:
    said = [body.message_id is not None, body.offset is not None, body.event is not None]
    if sum(said) != 1:
        raise Invalid("message_id: say which event: message_id, or partition and offset, or event.", field="message_id")
    if body.event is not None:
        pipeline = services.control.pipeline(installation.pipeline_id)
        sent, consent = msgspec.json.encode(body.event), services.control.consent_settings()
        return services.trying.govern(sent, pipeline, consent, services.clock.now_ms())
    places = [(body.partition or 0, body.offset or 0)]
    if body.message_id is not None:
        places = services.find_offset(body.message_id)
    for partition, offset in places:
        place = services.log.at(partition, offset)
        event = event_at(place) if place else None
        if event:
            return event
    raise NotFound("There is no such event, or it is not kept any more.")


def _tried(
    services: Composed, compiled: Compiled, items: Sequence[Item], explained: Explained, replies: list[Reply] | None
) -> list[TriedRequest]:
    found, left = list[TriedRequest](), list(explained)
    for index, item in enumerate(items):
        outgoing = request_of(compiled, item, services.clock.now_ms())
        body = _decoded(outgoing, compiled)
        fields = list(_fields(body, item, _of_item(left, item), compiled))
        answer = _sandbox(compiled, replies[index], item) if replies else None
        found.append(TriedRequest(shown_request(outgoing, body, compiled), fields, list(item.warnings), answer))
    return found


def shown_request(outgoing: Outgoing, body: Any, compiled: Compiled) -> RequestView:
    headers = {
        name: MASK if isinstance(text, Secret) else redact(text, compiled.secrets)
        for name, text in outgoing.headers.items()
    }
    return RequestView(outgoing.method, redact(outgoing.url, compiled.secrets), headers, body)


def _decoded(outgoing: Outgoing, compiled: Compiled) -> Any:
    return parsed(redact(outgoing.body.decode("utf-8", "replace"), compiled.secrets))


def _of_item(left: list[ExplainedItem], item: Item) -> ExplainedItem | None:
    """The next that is told of its route and part; of several items of one value, the first is told."""
    route = item.route.removesuffix(_HISTORICAL)
    found = next((one for one in left if (one.route, one.part) == (route, item.part)), None)
    if found:
        left.remove(found)
    return found


def _fields(body: Any, item: Item, explained: ExplainedItem | None, compiled: Compiled) -> Iterator[FieldView]:
    if explained is None:
        return
    for encoded, origins in ((item.body, explained.origins), (item.group, explained.group)):
        start = _place_of(body, parsed(redact(encoded.decode(), compiled.secrets))) if encoded else None
        for origin in origins if encoded else ():
            path = f"{start}.{origin.path}" if start else origin.path
            yield FieldView(
                path, origin.value, origin.kind, origin.source, origin.sent, [*origin.steps], origin.override
            )


def _place_of(body: Any, item: Any, path: str = "") -> str | None:
    """Where in the body the item stands, perhaps with constants beside; "" where it is the body."""
    if body == item or (isinstance(body, dict) and isinstance(item, dict) and item and item.items() <= body.items()):
        return path
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        step = f"[{key}]" if isinstance(body, list) else f".{key}" if path else str(key)
        found = _place_of(value, item, path + step) if isinstance(value, dict | list) else None
        if found is not None:
            return found
    return None


def _sandbox(compiled: Compiled, reply: Reply, item: Item) -> SandboxView:
    text = redact(reply.body.decode("utf-8", "replace"), compiled.secrets)
    answer = ResponseView(reply.status, dict(reply.headers), parsed(text), reply.error or None)
    return SandboxView(answer, ruling_view(judged(compiled, reply, item)))
