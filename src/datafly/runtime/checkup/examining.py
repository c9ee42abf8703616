"""Every check, one after another: what one cannot do keeps no other from being done."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType

from datafly.model.errors import SignalError
from datafly.runtime import checkup
from datafly.runtime.checkup.finding import Finding, Ground, Level


def examine(ground: Ground) -> Iterator[Finding]:
    """As they are found. Blocking."""
    for module in _checks():
        yield from _guarded(module, ground)


def worst(findings: Iterable[Finding]) -> Level:
    order = [Level.OK, Level.WARN, Level.FAIL]
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)


def _checks() -> list[ModuleType]:
    names = [one.name for one in pkgutil.iter_modules(checkup.__path__)]
    modules = [importlib.import_module(f"{checkup.__name__}.{name}") for name in sorted(names)]
    return [module for module in modules if hasattr(module, "check")]


def _guarded(module: ModuleType, ground: Ground) -> Iterator[Finding]:
    name = module.__name__.rpartition(".")[2]
    try:
        yield from module.check(ground)
    except SignalError as error:
        yield Finding(name, Level.FAIL, error.message)
    except Exception as error:  # noqa: BLE001  a check that fails is a finding, and the others go on
        yield Finding(name, Level.FAIL, f"This cannot be looked at: {error!r}.", "Please report it.")
