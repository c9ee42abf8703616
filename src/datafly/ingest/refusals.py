"""What is refused: told to telemetry, and handed on with its pipeline, where that is known, so that it can be kept."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from datafly.ingest.codes import Refused
from datafly.ingest.wire import Request
from datafly.model.clock import Clock
from datafly.model.errors import SignalError
from datafly.model.installation import Pipeline
from datafly.model.refusal import GATEWAY, Refusal
from datafly.observe import emit
from datafly.observe.ingest import IngestEventRefused, IngestRequestRefused

Keep = Callable[[Refusal], None]
"""Must not block nor fail: it stands in the way of an answer."""


class _Told(msgspec.Struct, rename="camel"):
    pipeline_key: str | None = None
    write_key: str | None = None
    wk: str | None = None


_decode: Final = msgspec.json.Decoder(_Told).decode
_FAULTS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def forget(_refusal: Refusal) -> None:
    """For a gateway that keeps none."""


class Refusals:
    """`keep` gets what will never be taken as it is; what may be sent again is only told."""

    def __init__(self, keep: Keep, pipelines: Callable[[], Mapping[str, Pipeline]], clock: Clock) -> None:
        self._keep = keep
        self._pipelines = pipelines
        self._clock = clock

    def of_request(self, request: Request, error: SignalError) -> None:
        pipeline_id = request.pipeline_id or self._named_in(request.body)
        emit(IngestRequestRefused(request.path[:200], error.code, error.status, pipeline_id))
        if pipeline_id and isinstance(error, Refused) and error.final:
            self._keep(self._refusal(pipeline_id, request.path[:200], error, None, request.body))

    def of_event(self, pipeline_id: str, door: str, refused: Refused, *, index: int, body: bytes) -> None:
        """One of a batch whose others may be taken."""
        emit(IngestEventRefused(pipeline_id, door, refused.code))
        self._keep(self._refusal(pipeline_id, door, refused, index, body))

    def _refusal(self, pipeline_id: str, door: str, error: SignalError, index: int | None, body: bytes) -> Refusal:
        now_ms = self._clock.now_ms()
        return Refusal(pipeline_id, now_ms, GATEWAY, door, error.code, error.status, error.message, index, body)

    def _named_in(self, body: bytes) -> str:
        """A key in a body that was refused before anybody asked for it. Empty where none can be read."""
        try:
            told = _decode(body)
        except _FAULTS:
            return ""
        pipeline = self._pipelines().get(told.pipeline_key or told.write_key or told.wk or "")
        return pipeline.id if pipeline is not None and pipeline.enabled else ""
