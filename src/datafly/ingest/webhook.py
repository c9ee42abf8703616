"""`POST /v1/webhook?source=wh_…`: what other products tell of, as events (contracts/signal.md §4.8, decision 0049)."""

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from datafly.ingest import sound, webhook_signature
from datafly.ingest.caller import Caller, read_caller
from datafly.ingest.codes import Code, Refused
from datafly.ingest.doors import Doors, Passage, require_json
from datafly.ingest.event import Checked, check
from datafly.ingest.paths import Door
from datafly.ingest.settings import GatewaySettings
from datafly.ingest.signature import Sources
from datafly.ingest.webhook_mapping import event_of
from datafly.ingest.wire import Receive, Reply, Request, json_reply
from datafly.model.clock import Clock
from datafly.model.installation import Pipeline
from datafly.model.proxies import Proxies
from datafly.model.source import SIGNING, WEBHOOK_PATH, Source

PATH: Final = WEBHOOK_PATH
_DOOR: Final = Door(PATH)


class Webhooks:
    """Checked by the source's secret before they are unpacked or read."""

    def __init__(self, settings: GatewaySettings, doors: Doors, sources: Sources, clock: Clock) -> None:
        self._settings = settings
        self._proxies = Proxies(settings.trusted_proxies)
        self._doors = doors
        self._sources = sources
        self._clock = clock

    async def post(self, request: Request, receive: Receive) -> Reply:
        source = self._source(request)
        request.pipeline_id = source.pipeline_id
        body = await self._doors.collect(request, receive)
        webhook_signature.check(source, request, body, self._clock.now_ms())
        require_json(request)
        caller = read_caller(request, self._proxies)
        pipeline = self._doors.admit(request, caller, self._doors.key_of(source.pipeline_id))
        request.body = self._doors.unpack(request, body)
        payload = sound.decode(request.body, max_depth=self._settings.max_depth)
        payloads = payload if isinstance(payload, list) else [payload]
        good, errors = self._events(source, payloads, request)
        if errors and not isinstance(payload, list):
            raise errors[0][1]
        told = [self._tell(pipeline, index, one, payloads[index]) for index, one in errors]
        await self._doors.keep(Passage(_DOOR, _nobody(caller), pipeline, trace=request.trace), good, refused=len(told))
        return json_reply(200, {"success": True, "accepted": len(good)} | ({"errors": told} if told else {}))

    def _source(self, request: Request) -> Source:
        asked = dict(parse_qsl(request.query[:4096].decode("latin-1"))).get("source", "")
        source = self._sources().get(asked)
        if source is None or source.kind == SIGNING:
            raise Refused(Code.UNKNOWN_SOURCE)
        return source

    def _tell(self, pipeline: Pipeline, index: int, refused: Refused, payload: Any) -> dict[str, Any]:
        body = msgspec.json.encode(payload)
        self._doors.refusals.of_event(pipeline.id, PATH, refused, index=index, body=body)
        return {"index": index, "message": refused.message, "code": refused.code}

    def _events(
        self, source: Source, payloads: list[Any], request: Request
    ) -> tuple[list[Checked], list[tuple[int, Refused]]]:
        """The good ones, and by their index what is wrong with the others. HubSpot sends several in an array."""
        limit, count = self._settings.max_batch_events, len(payloads)
        if count > limit:
            raise Refused(Code.TOO_MANY_EVENTS, f"The webhook has {count:,} events; it may have {limit:,}.")
        good: list[Checked] = []
        errors: list[tuple[int, Refused]] = []
        for index, payload in enumerate(payloads):
            try:
                good.append(self._event(source, payload, request))
            except Refused as refused:
                errors.append((index, refused))
        return good, errors

    def _event(self, source: Source, payload: Any, request: Request) -> Checked:
        if not isinstance(payload, dict):
            raise Refused(
                Code.INVALID_PAYLOAD, "A webhook must be a JSON object, or an array of them.", cure="Send it so."
            )
        body = msgspec.json.encode(event_of(source, payload, request.headers))
        return check(body, implied=None, settings=self._settings, lenient=True)


def _nobody(caller: Caller) -> Caller:
    """The vendor's server is not the person the event is of: neither its address nor what it calls itself counts."""
    return msgspec.structs.replace(caller, ip=None, user_agent=None, visitor=None, browser=False)
