"""Compiling once per installation and what it is shaped by, for whoever asks often."""

from collections.abc import Callable, Hashable
from threading import Lock

from datafly.model.installation import Installation
from datafly.spec.compiled import Compiled


class CompiledOnce:
    """`compiled(installation)`, from memory while all that it depends on is the same; bounded, the oldest go first.

    A draft, whose revision has no id, is not remembered, nor is what the compiler raises. May be called from several
    threads.
    """

    def __init__(self, compile_one: Callable[[Installation], Compiled], *, limit: int = 1024) -> None:
        self._compile = compile_one
        self._limit = limit
        self._lock = Lock()
        self._known: dict[Hashable, Compiled] = {}

    def __call__(self, installation: Installation) -> Compiled:
        if not installation.revision.id:
            return self._compile(installation)
        key = installation.shaped_by
        found = self._known.get(key)
        if found is None:
            found = self._compile(installation)
            self._keep(key, found)
        return found

    def _keep(self, key: Hashable, compiled: Compiled) -> None:
        with self._lock:
            while len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            self._known[key] = compiled
