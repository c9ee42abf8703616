"""Compiling once per installation and revision, for whoever asks often."""

from collections.abc import Callable
from threading import Lock

from datafly.model.installation import Installation
from datafly.model.pii import PiiRules
from datafly.spec.compiled import Compiled

_Key = tuple[str, str, PiiRules, tuple[tuple[str, str], ...]]


class CompiledOnce:
    """`compiled(installation)`, from memory while its template and revision are the same; bounded, the oldest go first.

    The parameters and the rules of its pipeline must be the same, too. A draft, whose revision has no id, is not
    remembered, nor is what the compiler raises. May be called from several threads.
    """

    def __init__(self, compile_one: Callable[[Installation], Compiled], *, limit: int = 1024) -> None:
        self._compile = compile_one
        self._limit = limit
        self._lock = Lock()
        self._known: dict[_Key, Compiled] = {}

    def __call__(self, installation: Installation) -> Compiled:
        if not installation.revision.id:
            return self._compile(installation)
        parameters = tuple(sorted(installation.parameters.items()))
        key = (installation.template.id, installation.revision.id, installation.pii_rules, parameters)
        found = self._known.get(key)
        if found is None:
            found = self._compile(installation)
            self._keep(key, found)
        return found

    def _keep(self, key: _Key, compiled: Compiled) -> None:
        with self._lock:
            while len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            self._known[key] = compiled
