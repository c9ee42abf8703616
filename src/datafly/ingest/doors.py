"""The doors: a request comes in, is checked and stamped, and is answered when its events are durable."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from datafly.ingest import cookie, cors, identity
from datafly.ingest.caller import Caller, read_caller, told_key
from datafly.ingest.codes import Code, Refused
from datafly.ingest.deadlines import Deadlines
from datafly.ingest.envelope import Envelope, open_envelope
from datafly.ingest.event import Checked, check, moment_ms
from datafly.ingest.pace import Buckets, Pace
from datafly.ingest.paths import Door
from datafly.ingest.refusals import Keep, Refusals
from datafly.ingest.settings import GatewaySettings
from datafly.ingest.signature import Claims, Signatures, Sources
from datafly.ingest.wire import (
    JSON,
    Bound,
    Receive,
    Reply,
    Request,
    Room,
    already,
    decoded,
    json_reply,
    read_body,
    read_wire,
)
from datafly.log.base import Entry
from datafly.model.clock import Clock
from datafly.model.errors import Unavailable
from datafly.model.event import Received
from datafly.model.ids import SIGNING_PREFIX, TOKEN_PREFIX
from datafly.model.installation import Pipeline
from datafly.model.proxies import Proxies
from datafly.observe import emit
from datafly.observe.ingest import IngestAppendFailed, IngestRequestAccepted

Pipelines = Callable[[], Mapping[str, Pipeline]]
Ready = Callable[[], str | None]
Handler = Callable[[Request, Receive], Awaitable[Reply]]

_OTHER_KEYS: Final = (TOKEN_PREFIX, SIGNING_PREFIX, "eyJ")
"""The last: a session of the management API, a JSON Web Token."""
_SUCCESS: Final = b'{"success": true}'
_FORM: Final = b"application/x-www-form-urlencoded"
"""What axios calls bytes of which it knows nothing; RudderStack's Node SDK sends its gzip like that."""
_READ_AS_JSON: Final = frozenset({b"", b"application/json", b"text/plain", b"text/json"})


class Append(Protocol):
    """Makes entries durable: all of a call or none; the offset of the first. Raises `Unavailable`."""

    async def __call__(self, entries: Sequence[Entry], /) -> int: ...


class Shared(msgspec.Struct, frozen=True):
    """What several gateways have in common: which signatures count, and how many requests came. None: its own."""

    used: Claims | None = None
    buckets: Buckets | None = None


ALONE: Final = Shared()


class Passage(msgspec.Struct, gc=False):
    """One request that was let in. `signature`, `trace`: empty where it has none."""

    door: Door
    caller: Caller
    pipeline: Pipeline
    sent_ms: int | None = None
    reset: bool = False
    signature: str = ""
    trace: str = ""
    unnamed: int = 0

    def name(self) -> str:
        """A message id. In a signed request the same each time, so that it counts once, however often it is sent."""
        if not self.signature:
            return identity.mint()
        self.unnamed += 1
        return f"{self.signature}-{self.unnamed}"


class Doors:
    """What every door does alike."""

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        append: Append,
        pipelines: Pipelines,
        clock: Clock,
        ready: Ready,
        sources: Sources,
        keep_refusal: Keep,
        shared: Shared,
    ) -> None:
        self._settings = settings
        self._append = append
        self._pipelines = pipelines
        self._clock = clock
        self._ready = ready
        self.refusals = Refusals(keep_refusal, pipelines, clock)
        self._proxies = Proxies(settings.trusted_proxies)
        self._pace = Pace(clock, shared.buckets)
        self._signatures = Signatures(sources, clock, shared.used)
        self._post_bound = Bound(settings.max_post_bytes, Code.PAYLOAD_TOO_LARGE)
        self._batch_bound = Bound(settings.max_batch_bytes, Code.BATCH_TOO_LARGE)
        self._room = Room(settings.max_arriving_bytes, settings.max_beginning_bytes)
        self._deadlines = Deadlines(settings.body_timeout_seconds)
        self._encode = msgspec.json.Encoder().encode

    def post(self, door: Door) -> Handler:
        handler = partial(self.post_batch if door.batch else self.post_one, door)
        return handler if door.signed is None else partial(self._post_signed, door, handler)

    async def _post_signed(self, door: Door, handler: Handler, request: Request, receive: Receive) -> Reply:
        """The signature is looked at before the body is unpacked or read."""
        if not door.signed and b"x-signature" not in request.headers:
            return await handler(request, receive)
        key = told_key(request.headers, request.query)[0]
        pipeline = self._known(request, key)
        bound = self._batch_bound if door.batch else self._post_bound
        body = await read_wire(request, receive, bound=bound, deadlines=self._deadlines, room=self._room)
        request.signature = self._signatures.check(pipeline.id, request.headers, body)
        async with self._signatures.once(request.signature):
            return await handler(request, already(body))

    async def post_one(self, door: Door, request: Request, receive: Receive) -> Reply:
        caller = read_caller(request, self._proxies)
        pipeline = self.admit(request, caller, caller.key) if caller.key else None
        lenient = door.sdk or caller.sdk
        body = await self._body(request, receive, self._post_bound, lenient=lenient)
        checked = check(body, implied=door.kind, settings=self._settings, lenient=lenient)
        pipeline = pipeline or self.admit(request, caller, checked.fields.key)
        passage = Passage(door, caller, pipeline, checked.sent_ms, signature=request.signature, trace=request.trace)
        headers = await self.keep(passage, [checked], refused=0)
        return Reply(200, _SUCCESS, [JSON, *headers])

    async def post_batch(self, door: Door, request: Request, receive: Receive) -> Reply:
        caller = read_caller(request, self._proxies)
        pipeline = self.admit(request, caller, caller.key) if caller.key else None
        lenient = door.sdk or caller.sdk
        envelope = open_envelope(await self._body(request, receive, self._batch_bound, lenient=lenient))
        pipeline = pipeline or self.admit(request, caller, envelope.key)
        sent_ms = moment_ms("sentAt", envelope.sent_at)
        passage = Passage(door, caller, pipeline, sent_ms, bool(envelope.reset), request.signature, request.trace)
        good, errors = self._sort(passage, envelope, request.body)
        headers = await self.keep(passage, good, refused=len(errors))
        answer: dict[str, Any] = {"success": True, "accepted": len(good)}
        return json_reply(200, answer | ({"errors": errors} if errors else {}), *headers)

    async def _body(self, request: Request, receive: Receive, bound: Bound, *, lenient: bool) -> bytes:
        require_json(request, lenient=lenient)
        request.body = await read_body(request, receive, bound=bound, deadlines=self._deadlines, room=self._room)
        return request.body

    async def collect(self, request: Request, receive: Receive) -> bytes:
        """A body of up to a batch's size, as it was sent."""
        return await read_wire(request, receive, bound=self._batch_bound, deadlines=self._deadlines, room=self._room)

    def unpack(self, request: Request, body: bytes) -> bytes:
        encoding = request.headers.get(b"content-encoding")
        return body if encoding is None else decoded(body, encoding.strip().lower(), self._batch_bound)

    def key_of(self, pipeline_id: str) -> str | None:
        """One that counts, or one of a pipeline that is switched off."""
        return next((key for key, one in self._pipelines().items() if one.id == pipeline_id), None)

    def admit(self, request: Request, caller: Caller, key: str | None) -> Pipeline:
        """The pipeline that the key opens, for this page, at this rate. Raises `Refused`."""
        pipeline = self._known(request, key)
        cors.check_origin(caller.origin, pipeline)
        self._pace.take(pipeline)
        return pipeline

    def _known(self, request: Request, key: str | None) -> Pipeline:
        pipeline = self._pipelines().get(key) if key else None
        if pipeline is None or not pipeline.enabled:
            raise self._closed(key, known=pipeline is not None)
        request.pipeline_id = pipeline.id
        return pipeline

    def _closed(self, key: str | None, *, known: bool) -> Refused:
        """A key may be good and not loaded yet: then the sender must come again, not give up."""
        reason = self._ready()
        if reason is not None:
            return Refused(Code.NOT_READY, reason, headers=RETRY)
        code = _code_of(key, known=known)
        said = "The pipeline key is missing." if code is Code.MISSING_PIPELINE_KEY else ""
        return Refused(code, said, headers=((b"www-authenticate", b"Bearer"),))

    def _sort(self, passage: Passage, envelope: Envelope, body: bytes) -> tuple[list[Checked], list[dict[str, Any]]]:
        """The good ones, and what is wrong with the others."""
        limit, count = self._settings.max_batch_events, len(envelope.items)
        if count > limit:
            raise Refused(Code.TOO_MANY_EVENTS, f"The batch has {count:,} events; it may have {limit:,}.")
        good: list[Checked] = []
        errors: list[dict[str, Any]] = []
        lenient = passage.door.sdk or passage.caller.sdk
        for index, item in enumerate(envelope.whole_items(body, bound=self._batch_bound)):
            try:
                good.append(check(item, implied=None, settings=self._settings, lenient=lenient))
            except Refused as refused:
                errors.append({"index": index, "message": refused.message, "code": refused.code})
                self.refusals.of_event(passage.pipeline.id, passage.door.path, refused, index=index, body=item)
        return good, errors

    async def keep(self, passage: Passage, good: list[Checked], *, refused: int) -> list[tuple[bytes, bytes]]:
        """Durable when it returns; the headers for the answer. Raises `Unavailable`."""
        caller = passage.caller
        visitors = identity.assign(
            [(event.fields.anonymous_id, event.fields.user_id) for event in good],
            browser=caller.browser,
            cookie=caller.visitor,
            reset=passage.reset,
        )
        if good:
            await self._append_all(self._entries(passage, good, visitors))
        emit(IngestRequestAccepted(passage.pipeline.id, passage.door.path, len(good), refused))
        return self._cookies(passage, visitors, good)

    async def _append_all(self, entries: list[Entry]) -> None:
        try:
            await self._append(entries)
        except Unavailable as fault:
            emit(IngestAppendFailed(fault.message, len(entries)))
            raise

    def _entries(self, passage: Passage, good: list[Checked], visitors: identity.Visitors) -> list[Entry]:
        now_ms = self._clock.now_ms()
        return [
            self._entry(passage, event, anonymous, now_ms)
            for event, anonymous in zip(good, visitors.anonymous, strict=True)
        ]

    def _entry(self, passage: Passage, event: Checked, anonymous: str | None, now_ms: int) -> Entry:
        caller, fields = passage.caller, event.fields
        received = Received(
            passage.pipeline.id,
            fields.message_id or passage.name(),
            now_ms,
            msgspec.Raw(event.body),
            anonymous,
            event.sent_ms if passage.sent_ms is None else passage.sent_ms,
            caller.ip,
            caller.user_agent,
            passage.door.path,
            event.type,
            passage.door.historical,
            passage.trace,
        )
        return Entry(anonymous or fields.previous_id or fields.user_id or "", self._encode(received))

    def _cookies(self, passage: Passage, visitors: identity.Visitors, good: list[Checked]) -> list[tuple[bytes, bytes]]:
        """A new visitor's cookie is set; a known one's lives on from each page view, not from every event."""
        caller = passage.caller
        seen = caller.visitor if any(event.type == "page" for event in good) else None
        visitor = visitors.minted or seen
        if visitor is None:
            return []
        days = passage.pipeline.js_builder_config.cookie_days
        return [cookie.write(visitor, domain=self._settings.cookie_domain, secure=caller.secure, days=days)]


def _code_of(key: str | None, *, known: bool) -> Code:
    """What is wrong with a key that opens nothing: nobody learns more than that a key, which is public, was one."""
    if not key:
        return Code.MISSING_PIPELINE_KEY
    if known:
        return Code.REVOKED_PIPELINE_KEY
    return Code.NOT_A_PIPELINE_KEY if key.startswith(_OTHER_KEYS) else Code.INVALID_PIPELINE_KEY


RETRY: Final = ((b"retry-after", b"1"),)


def require_json(request: Request, *, lenient: bool = False) -> None:
    """Raises `Refused` where the content type says that it is something else. `lenient`: as SDKs of others send it."""
    kind = request.headers.get(b"content-type")
    if kind is not None and kind != b"application/json" and not _can_be_json(kind, lenient=lenient):
        said = kind[:100].decode("latin-1")
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, f"{said} is not read.")


def _can_be_json(content_type: bytes, *, lenient: bool) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind in _READ_AS_JSON or kind.endswith(b"+json") or (lenient and kind == _FORM)
