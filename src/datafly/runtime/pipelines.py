"""The pipelines in force, looked up without asking the store each time."""

from collections.abc import Mapping

from datafly.model.installation import Pipeline
from datafly.model.source import Source
from datafly.runtime.chores import every
from datafly.store.base import Control

_LOOK_SECONDS = 0.2


class Pipelines:
    """Refreshed whenever the control plane changed; a change counts within a fifth of a second."""

    def __init__(self, control: Control) -> None:
        self._control = control
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
        if version != self._version:
            pipelines = self._control.pipelines()
            self._by_key = {one.pipeline_key: one for one in pipelines if one.enabled}
            self._by_id = {one.id: one for one in pipelines}
            self._sources = {one.id: one for one in self._control.sources()}
            self._version = version

    async def follow(self) -> None:
        """Until cancelled. What was known holds while the store cannot be read."""

        def look_up_pipelines() -> None:
            self.refresh()

        await every(_LOOK_SECONDS, look_up_pipelines)
