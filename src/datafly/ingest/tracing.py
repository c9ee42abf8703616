"""Which requests are traced, and the span of each: from its first byte to the answer."""

import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

from datafly.ingest.wire import Receive, Reply, Request
from datafly.model.errors import SignalError
from datafly.model.trace import Trace, read_trace
from datafly.observe.base import emit
from datafly.observe.trace import ObserveSpanEnded

Handler = Callable[[Request, Receive], Awaitable[Reply]]

MOST_A_SECOND: Final = 100
"""Of one gateway. Whoever posts may ask to be traced: what it costs must not be theirs to decide."""
_HEADER: Final = b"traceparent"


class Tracer:
    """Traces a request whose caller traces it, and of those who say nothing a share, `ratio`. A caller who says that it
    is not sampled is not traced.
    """

    def __init__(self, ratio: float, *, draw: random.Random | None = None) -> None:
        self._ratio = ratio
        self._draw = draw or random.Random()  # noqa: S311  ids of traces are no secrets
        self._second = 0
        self._traced = 0

    async def traced(self, handler: Handler, request: Request, receive: Receive) -> Reply:
        """The handler's reply, or what it raises."""
        parent = read_trace(request.headers.get(_HEADER, b"").decode("latin-1"))
        trace = self._begin(parent, request)
        if trace is None:
            return await handler(request, receive)
        request.trace, began_ns, status = trace.text, time.time_ns(), 500
        try:
            reply = await handler(request, receive)
            status = reply.status
        except SignalError as error:
            status = error.status
            raise
        else:
            return reply
        finally:
            if request.pipeline_id:  # what nobody's key came with brings no events
                _tell(request, trace, parent, began_ns, status)

    def _begin(self, parent: Trace | None, request: Request) -> Trace | None:
        if request.method == "OPTIONS" or not self._is_wanted(parent) or not self._has_room():
            return None
        trace_id = parent.trace_id if parent else f"{self._number(128):032x}"
        return Trace(trace_id, f"{self._number(64):016x}")

    def _is_wanted(self, parent: Trace | None) -> bool:
        if parent is not None:
            return parent.sampled
        return self._ratio > 0 and self._draw.random() < self._ratio

    def _number(self, bits: int) -> int:
        """Not 0, which is no id."""
        return self._draw.getrandbits(bits) or 1

    def _has_room(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._traced = second, 0
        self._traced += 1
        return self._traced <= MOST_A_SECOND


def _tell(request: Request, trace: Trace, parent: Trace | None, began_ns: int, status: int) -> None:
    emit(
        ObserveSpanEnded(
            name="ingest",
            kind="server",
            trace=trace,
            parent=parent,
            began_ns=began_ns,
            ended_ns=time.time_ns(),
            attributes={
                "http.request.method": request.method,
                "url.path": request.path[:200],
                "http.response.status_code": status,
                "datafly.pipeline.id": request.pipeline_id,
            },
            failed=f"{status}" if status >= 500 else "",
        )
    )
