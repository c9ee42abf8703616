"""How many requests a second a pipeline may send."""

import math

from datafly.ingest.codes import Code, Refused
from datafly.model.clock import Clock
from datafly.model.installation import Pipeline


class _Bucket:
    __slots__ = ("at", "rate", "tokens")

    def __init__(self, rate: int, at: float) -> None:
        self.rate, self.tokens, self.at = rate, float(rate), at


class Pace:
    """A token bucket per pipeline, one second deep; one request is one token, whatever it carries."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, pipeline: Pipeline) -> None:
        """Raises `Refused` with Retry-After. A rate of 0 is unlimited."""
        if not pipeline.rate_limit_rps:
            return
        bucket = self._filled(pipeline)
        if bucket.tokens < 1:
            raise self._over(pipeline, math.ceil((1 - bucket.tokens) / bucket.rate))
        bucket.tokens -= 1

    def _filled(self, pipeline: Pipeline) -> _Bucket:
        now, bucket = self._clock.monotonic(), self._buckets.get(pipeline.id)
        if bucket is None or bucket.rate != pipeline.rate_limit_rps:
            bucket = self._buckets[pipeline.id] = _Bucket(pipeline.rate_limit_rps, now)
        bucket.tokens = min(float(bucket.rate), bucket.tokens + (now - bucket.at) * bucket.rate)
        bucket.at = now
        return bucket

    @staticmethod
    def _over(pipeline: Pipeline, seconds: int) -> Refused:
        return Refused(
            Code.RATE_LIMITED,
            f"This pipeline takes {pipeline.rate_limit_rps} requests a second.",
            headers=((b"retry-after", b"%d" % seconds),),
            retry_after_seconds=seconds,
        )
