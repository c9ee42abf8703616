"""The pipelines in force, looked up without asking the store each time."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from datafly.model.clock import Clock
from datafly.model.consent import ConsentSettings
from datafly.model.erasure import NOBODY_ERASED, Erased
from datafly.model.installation import Pipeline
from datafly.model.source import Source
from datafly.runtime.chores import every
from datafly.runtime.clock import SystemClock
from datafly.store.base import Control

_LOOK_SECONDS: Final = 0.2
_ENDED: Final = Pipeline(id="", name="", slug="", pipeline_key="", enabled=False)
"""Whose key counted once: so its sender can be told what became of it."""


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
        self._consent = ConsentSettings()
        self._erased = NOBODY_ERASED
        self.refresh()

    def by_key(self) -> Mapping[str, Pipeline]:
        """Keys that count no more too: theirs is not enabled."""
        return self._by_key

    def by_id(self) -> Mapping[str, Pipeline]:
        return self._by_id

    def consent(self) -> ConsentSettings:
        """What is decided on it for all pipelines."""
        return self._consent

    def erased(self) -> Erased:
        return self._erased

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
            self._consent = self._control.consent_settings()
            self._learn_erased(self._control.erased())
            self._version = version

    def _learn_erased(self, erased: Erased) -> None:
        """Another value only if somebody else was erased."""
        if erased.marks != self._erased.marks:
            self._erased = erased

    def _keys(self, pipelines: Sequence[Pipeline]) -> dict[str, Pipeline]:
        """Former keys too, until they expire; the next time that one does is remembered."""
        known, now_ms = {one.id: one for one in pipelines}, self._now_ms()
        ended: dict[str, Pipeline] = dict.fromkeys(self._control.ended_keys(), _ENDED)
        until = {one: math.inf if one.expires_ms is None else one.expires_ms for one in self._control.pipeline_keys()}
        self._next_ms = min((end for end in until.values() if end > now_ms), default=math.inf)
        former = {one.pipeline_key: known[one.pipeline_id] if end > now_ms else _ENDED for one, end in until.items()}
        return ended | former | {one.pipeline_key: one for one in pipelines}

    async def follow(self) -> None:
        """Until cancelled. What was known holds while the store cannot be read."""

        def look_up_pipelines() -> None:
            self.refresh()

        await every(_LOOK_SECONDS, look_up_pipelines)
