"""How many requests a second a pipeline may send."""

import math
from typing import Protocol

from datafly.ingest.codes import Code, Refused
from datafly.model.clock import Clock
from datafly.model.installation import Pipeline


class Buckets(Protocol):
    """A token bucket per pipeline, one second deep, for one gateway or for several together."""

    def take(self, pipeline_id: str, rate: int, now: float) -> float:
        """Takes a token; 0, or in how many tokens' time there is one. `rate`: a second. `now`: monotonic seconds."""


def poured(tokens: float, rate: int, seconds: float) -> float:
    """What is in a bucket after so long. A clock that went back means another one: it is full."""
    return float(rate) if seconds < 0 else min(float(rate), tokens + seconds * rate)


class OwnBuckets:
    """Those of one gateway that is alone."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[int, float, float]] = {}

    def take(self, pipeline_id: str, rate: int, now: float) -> float:
        before, tokens, at = self._buckets.get(pipeline_id, (0, 0.0, 0.0))
        tokens = poured(tokens, rate, now - at) if before == rate else float(rate)
        missing = max(1 - tokens, 0.0)
        self._buckets[pipeline_id] = (rate, tokens if missing else tokens - 1, now)
        return missing


class Pace:
    """One request is one token, whatever it carries."""

    def __init__(self, clock: Clock, buckets: Buckets | None = None) -> None:
        self._clock = clock
        self._buckets = buckets or OwnBuckets()

    def take(self, pipeline: Pipeline) -> None:
        """Raises `Refused` with Retry-After. A rate of 0 is unlimited."""
        rate = pipeline.rate_limit_rps
        if not rate:
            return
        missing = self._buckets.take(pipeline.id, rate, self._clock.monotonic())
        if missing:
            raise self._over(pipeline, math.ceil(missing / rate))

    @staticmethod
    def _over(pipeline: Pipeline, seconds: int) -> Refused:
        return Refused(
            Code.RATE_LIMITED,
            f"This pipeline takes {pipeline.rate_limit_rps} requests a second.",
            headers=((b"retry-after", b"%d" % seconds),),
            retry_after_seconds=seconds,
        )
