"""Compiling once per installation and revision, for whoever asks often."""

from collections.abc import Callable
from threading import Lock

from datafly.model.installation import Installation
from datafly.spec.compiled import Compiled


class CompiledOnce:
    """`compiled(installation)`, from memory while its template and revision are the same; bounded, the oldest go first.

    What the compiler raises is not remembered. May be called from several threads.
    """

    def __init__(self, compile_one: Callable[[Installation], Compiled], *, limit: int = 1024) -> None:
        self._compile = compile_one
        self._limit = limit
        self._lock = Lock()
        self._known: dict[tuple[str, str], Compiled] = {}

    def __call__(self, installation: Installation) -> Compiled:
        key = (installation.template.id, installation.revision.id)
        found = self._known.get(key)
        if found is None:
            found = self._compile(installation)
            self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, str], compiled: Compiled) -> None:
        with self._lock:
            while len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            self._known[key] = compiled
