"""The pipelines in force, looked up without asking the store each time."""

import math
from collections.abc import Mapping, Sequence

from datafly.model.clock import Clock
from datafly.model.installation import Pipeline
from datafly.model.source import Source
from datafly.runtime.chores import every
from datafly.runtime.clock import SystemClock
from datafly.store.base import Control

_LOOK_SECONDS = 0.2


class Pipelines:
    """Refreshed whenever the control plane changed; a change counts within a fifth of a second."""

    def __init__(self, control: Control, clock: Clock | None = None) -> None:
        self._control = control
        self._now_ms = (clock or SystemClock()).now_ms
        self._next_ms: float = math.inf
        self._version = -1
        self._by_key: Mapping[str, Pipeline] = {}
        self._by_id: Mapping[str, Pipeline] = {}
        self._sources: Mapping[str, Source] = {}
        self.refresh()

    def by_key(self) -> Mapping[str, Pipeline]:
        return self._by_key

    def by_id(self) -> Mapping[str, Pipeline]:
        return self._by_id

    def sources(self) -> Mapping[str, Source]:
        """Who may post signed requests, by id."""
        return self._sources

    def refresh(self) -> None:
        version = self._control.version()
        if version != self._version or self._now_ms() >= self._next_ms:
            pipelines = self._control.pipelines()
            self._by_key = self._keys(pipelines)
            self._by_id = {one.id: one for one in pipelines}
            self._sources = {one.id: one for one in self._control.sources()}
            self._version = version

    def _keys(self, pipelines: Sequence[Pipeline]) -> dict[str, Pipeline]:
        """Former keys too, until they expire; the next time that one does is remembered."""
        enabled, now_ms = {one.id: one for one in pipelines if one.enabled}, self._now_ms()
        former = [one for one in self._control.pipeline_keys() if one.expires_ms is None or one.expires_ms > now_ms]
        self._next_ms = min((one.expires_ms for one in former if one.expires_ms is not None), default=math.inf)
        kept = {one.pipeline_key: enabled[one.pipeline_id] for one in former if one.pipeline_id in enabled}
        return kept | {one.pipeline_key: one for one in enabled.values()}

    async def follow(self) -> None:
        """Until cancelled. What was known holds while the store cannot be read."""

        def look_up_pipelines() -> None:
            self.refresh()

        await every(_LOOK_SECONDS, look_up_pipelines)
